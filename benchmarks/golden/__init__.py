"""Golden episodes: recorded behaviour that may change only together with a version."""
