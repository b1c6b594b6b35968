"""The simulator. Importing it registers every environment id."""
