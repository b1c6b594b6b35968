"""What the audit's panel may ask about Almanac: paraphrases, nouns and page titles, all public."""
