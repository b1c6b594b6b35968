"""Reading what an episode displays: text in, facts and what is still unknown out. Public; knows no gold."""
