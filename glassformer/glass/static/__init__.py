"""The page that every trace is shown on, and the licences of what is bundled in it; both are built from `../web/`."""
