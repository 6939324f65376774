"""What device_speed.py measures: `training.py` steps, `decoding.py` translations; `rows.py` keeps what is found."""
