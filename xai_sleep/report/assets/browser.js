// The browser of test windows: filters, next and previous, and three kinds of chart.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("windows").textContent);
  const id = (name) => document.getElementById(name);
  const { outcomes } = data; // pairs of name and colour
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const signals = new Int16Array(bytes(data.signals).buffer);
  const profiles = data.profiles && bytes(data.profiles);
  const maps = data.maps && { ...data.maps, values: bytes(data.maps.values) };
  const channels = data.records[0].channels; // others may be named differently
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const theme = () => (dark.matches && !printing
    ? { ink: "#e8e8e8", grid: "#3a3a3a", ramp: data.ramps.dark }
    : { ink: "#333333", grid: "#e2e2e2", ramp: data.ramps.light });
  let passing = [];
  let place = 0;
  let shown = -1; // number of the window drawn

  // ---- one window
  const times = (window) => Array.from(
    { length: data.length }, (_, i) => data.start[window] + i / data.sfreq);
  const signal = (window, channel) => {
    const from = (window * channels.length + channel) * data.length;
    const unit = data.peak[window] / data.steps;
    return Array.from(signals.subarray(from, from + data.length), (step) => step * unit);
  };
  const relevance = (window) => Array.from(
    profiles.subarray(window * data.length, (window + 1) * data.length), (byte) => byte / 255);
  const within = (spans, window) => {
    const start = data.start[window];
    const end = start + data.length / data.sfreq;
    return spans.filter(([a, b]) => b > start && a < end)
      .map(([a, b]) => [Math.max(a, start), Math.min(b, end)]);
  };
  const half = (window) => Math.max(data.half, data.peak[window]);
  const colour = (value) => {
    const { ramp } = theme();
    return ramp[Math.round(value * (ramp.length - 1))];
  };

  // ---- charts
  const gradient = (chart) => {
    if (!profiles || shown < 0) return theme().ink;
    const { left, width } = chart.bbox;
    const ramp = chart.ctx.createLinearGradient(left, 0, left + width, 0);
    const values = relevance(shown);
    const stops = 125;
    for (let i = 0; i <= stops; i += 1) {
      const at = Math.min(Math.round((i / stops) * values.length), values.length - 1);
      ramp.addColorStop(i / stops, colour(values[at]));
    }
    return ramp;
  };
  const marks = (chart) => {
    if (shown < 0) return;
    const record = data.records[data.record[shown]];
    const { ctx, bbox } = chart;
    const bar = (spans, top, height) => spans.forEach(([a, b]) => {
      const from = chart.valToPos(a, "x", true);
      ctx.fillRect(from, top, chart.valToPos(b, "x", true) - from, height);
    });
    ctx.save();
    ctx.fillStyle = `${data.event}4d`;
    bar(within(record.events, shown), bbox.top, bbox.height);
    ctx.fillStyle = outcomes[0][1]; // of a hit
    bar(within(record.detections, shown), bbox.top + bbox.height - 5, 5);
    ctx.restore();
  };
  const image = (chart) => {
    if (shown < 0) return;
    const { rows, columns, values } = maps;
    const canvas = new OffscreenCanvas(columns, rows);
    const ctx = canvas.getContext("2d");
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        ctx.fillStyle = colour(values[(shown * rows + row) * columns + column] / 255);
        ctx.fillRect(column, row, 1, 1);
      }
    }
    const { left, top, width, height } = chart.bbox;
    chart.ctx.imageSmoothingEnabled = false;
    chart.ctx.drawImage(canvas, left, top, width, height);
    chart.ctx.save();
    chart.ctx.fillStyle = data.event;
    within(data.records[data.record[shown]].events, shown).flat().forEach((edge) => {
      chart.ctx.fillRect(chart.valToPos(edge, "x", true) - 1, top, 2, height);
    });
    chart.ctx.restore();
  };
  const axis = (label, more = {}) => ({
    label, labelSize: 18, labelFont: "12px system-ui, sans-serif", font: "12px system-ui, sans-serif",
    stroke: () => theme().ink, grid: { stroke: () => theme().grid, width: 1 },
    ticks: { stroke: () => theme().grid, width: 1 }, ...more,
  });
  const chart = (label, height, range, series, hooks, vertical = {}, last = false) => new uPlot({
    width: Math.max(id("charts").clientWidth, 240),
    height: height + (last ? 22 : 0),
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "window" }, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false }, y: { range } },
    axes: [axis(last ? "time in the recording (s)" : undefined, last ? {} : { size: 26 }),
      axis(label, { size: 46, ...vertical })],
    series: [{}, series],
    hooks,
  }, [times(0), new Array(data.length).fill(null)], id("charts"));

  const log2 = Math.log2;
  const octaves = maps && data.octaves.filter((f) => f >= maps.low && f <= maps.high).map(log2);
  const drawn = []; // of {chart, values(window), channel}
  const build = () => {
    if (maps) {
      drawn.push({
        values: () => new Array(data.length).fill(null),
        chart: chart("Hz", 170, () => [log2(maps.low), log2(maps.high)], {}, { draw: [image] },
          { splits: () => octaves, values: () => octaves.map((f) => `${2 ** f}`), grid: { show: false } }),
      });
    }
    channels.forEach((_, number) => drawn.push({
      channel: number,
      values: (window) => signal(window, number),
      chart: chart("µV", 190, () => [-half(Math.max(shown, 0)), half(Math.max(shown, 0))],
        { stroke: gradient, width: 1.6 }, { drawClear: [marks] }, {},
        !profiles && number === channels.length - 1),
    }));
    if (profiles) {
      drawn.push({
        values: relevance,
        chart: chart("relevance", 120, () => [0, 1.02],
          { stroke: gradient, fill: gradient, width: 1.5 }, { drawClear: [marks] },
          { splits: () => [0, 0.5, 1] }, true),
      });
    }
  };

  // ---- what is said of a window
  const fixed = (value, digits = 2) => value.toFixed(digits);
  const peak = (window) => {
    if (!profiles) return "";
    const values = relevance(window);
    const top = Math.max(...values);
    if (top === 0) return "; relevance is zero throughout";
    const at = data.start[window] + (values.indexOf(top) + 0.5) / data.sfreq;
    const spans = within(data.records[data.record[window]].events, window);
    const inside = spans.some(([a, b]) => at >= a && at < b);
    const words = spans.length ? (inside ? ", inside a mark" : ", outside the marks") : "";
    return `; relevance peaks at ${fixed(at)} s${words}`;
  };
  const listed = (spans, none) => (spans.length
    ? spans.map(([a, b]) => `${fixed(a)}–${fixed(b)} s`).join(", ") : none);
  const describe = (window) => {
    const record = data.records[data.record[window]];
    const fold = data.folds[data.fold[window]];
    const start = data.start[window];
    const own = half(window) > data.half ? "; drawn at a scale of its own" : "";
    const found = `; detected: ${listed(within(record.detections, window), "nothing")}`;
    return `${outcomes[data.outcome[window]][0]}: record ${record.record}, subject ${record.subject}, `
      + `${fixed(start, 1)}–${fixed(start + data.length / data.sfreq, 1)} s; probability `
      + `${fixed(data.probability[window], 3)}, threshold ${fixed(fold.threshold, 3)} (fold ${fold.name}); `
      + `marked: ${listed(within(record.events, window), "nothing")}${found}${peak(window)}${own}.`;
  };

  // ---- filters and turning
  const draw = () => {
    const empty = passing.length === 0;
    id("window").hidden = empty;
    id("nothing").hidden = !empty;
    id("previous").disabled = place <= 0;
    id("next").disabled = place >= passing.length - 1;
    id("position").textContent = empty ? "0 of 0" : `${place + 1} of ${passing.length}`;
    if (empty) return;
    shown = passing[place];
    const words = describe(shown);
    id("about").textContent = words;
    id("charts").setAttribute("aria-label", `Signal and relevance. ${words}`);
    drawn.forEach((one) => {
      if (one.channel >= 0) {
        const name = data.records[data.record[shown]].channels[one.channel];
        one.chart.axes[1].label = `${name} (µV)`;
      }
      one.chart.setData([times(shown), one.values(shown)]);
    });
  };
  const redraw = () => drawn.forEach((one) => one.chart.redraw());
  const go = (step) => {
    const there = Math.min(Math.max(place + step, 0), passing.length - 1);
    if (there !== place && passing.length) {
      place = there;
      draw();
    }
  };
  const filter = () => {
    const subject = id("subject").value;
    const wanted = outcomes.map((_, i) => id(`outcome-${i}`).checked);
    const [low, high] = [Number(id("low").value), Number(id("high").value)];
    for (const name of ["low", "high"]) {
      document.querySelector(`output[for="${name}"]`).textContent = fixed(Number(id(name).value));
    }
    passing = data.record.map((_, window) => window).filter((window) => (
      (subject === "" || data.records[data.record[window]].subject === subject)
      && wanted[data.outcome[window]]
      && data.probability[window] >= low && data.probability[window] <= high));
    place = Math.max(passing.indexOf(shown), 0); // stay with the window, if it still passes
    draw();
  };
  const controls = () => {
    for (const subject of [...new Set(data.records.map((record) => record.subject))]) {
      id("subject").append(new Option(subject, subject));
    }
    outcomes.forEach(([name, hue], number) => {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"),
        { type: "checkbox", id: `outcome-${number}`, checked: true });
      const chip = Object.assign(document.createElement("span"), { className: "chip" });
      chip.style.background = hue;
      label.append(box, chip, name);
      id("outcomes").append(label);
    });
    id("filters").addEventListener("input", filter);
    id("filters").addEventListener("submit", (event) => event.preventDefault());
    id("previous").addEventListener("click", () => go(-1));
    id("next").addEventListener("click", () => go(1));
  };
  const keys = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 };
  document.addEventListener("keydown", (event) => {
    // A slider, a list and a table that scrolls have uses of their own for these keys.
    const taken = event.target.closest?.("input[type=range], select, .wide");
    if (!(event.key in keys) || taken || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(keys[event.key]);
  });

  controls();
  build();
  filter();
  new ResizeObserver(() => {
    const width = Math.max(id("charts").clientWidth, 240);
    drawn.forEach((one) => {
      if (one.chart.width !== width) one.chart.setSize({ width, height: one.chart.height });
    });
  }).observe(id("charts"));
  dark.addEventListener("change", redraw);
  for (const [name, value] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(name, () => { printing = value; redraw(); });
  }
})();
