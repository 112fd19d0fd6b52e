"""Networks, one a file, and the LightningModule that trains any of them."""
