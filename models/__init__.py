"""Published models, one folder a paper."""
