"""What everything else is made of: types, errors, settings, logs and text."""
