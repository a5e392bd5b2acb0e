"""An app whose migrations change a table with triggers in every way."""
