"""Recordings as BIDS has them [1]_: a tree of subjects, and tables of events beside the signals.

::

    root/
        sub-01/ses-1/eeg/               ses-* may be left out
            sub-01_ses-1_task-sleep_run-1_eeg.edf
            ..._events.tsv              what was marked; without, annotations inside stand in
            ..._channels.tsv            a channel that its status calls bad is refused
            ..._stages.tsv              stages of sleep, where they are not among the events

A record is called by all that stands before ``_eeg``, its subject by the folder. What lies in
``derivatives``, ``sourcedata`` and ``code`` is not read, nor any JSON file: an events.json explains
kinds of row, which are named in ``data.event_names`` as the table has them. Units are those of the
signals' own header.

.. [1] Pernet et al. (2019). EEG-BIDS. Sci Data, 6, 103. https://doi.org/10.1038/s41597-019-0104-8
"""

from xai_sleep.recordings.files import Files
from xai_sleep.recordings.layout import Layout

TREE = Layout(
    folders=("sub-*/eeg", "sub-*/ses-*/eeg"),
    expected="BIDS has them as sub-*/[ses-*/]eeg/*_eeg.edf; name the folder that holds sub-* "
    "(data.root), or say data=files if they lie in one folder",
    called="marks are read from <record>_events.tsv, stages from <record>_stages.tsv",
    example="_events.tsv",
    signals="_eeg",
    marks=r"_events\.tsv",
    stages=r"_stages\.\w+",
    channels=r"_channels\.tsv",
    known=r".*\.json|_eeg\..*|_(electrodes|coordsystem|scans|sessions)\..*",
    others="sub-*/**/*",
)


class Bids(Files):
    """A BIDS root. Settings are those of :class:`.Files`."""

    name = "bids"
    layout = TREE

    def describe(self) -> str:
        """Name the folder."""
        return f"recordings in {self.root}, as BIDS has them"
