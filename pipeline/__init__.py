"""Content intelligence: what is read from the links that people share."""
