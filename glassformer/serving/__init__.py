"""The server: `glassformer serve`. Its libraries come with the extra `serve`."""
