"""The discrete track: numbers in, numbers out, in front of the same simulator (docs/design.md).

``codec`` turns text into numbers and numbers into text; it sees what a text agent sees and nothing else, so that a
policy over numbers can play any text environment in Almanac's language.
"""
