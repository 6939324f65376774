"""Quality estimation: how far a translation is to be trusted, without a reference."""
