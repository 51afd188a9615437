"""Published models, one folder per paper."""
