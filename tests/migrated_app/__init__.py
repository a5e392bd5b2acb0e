"""An app whose migrations write rows, before the log's tables are there and afterwards."""
