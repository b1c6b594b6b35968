"""Base methods: policy-gradient losses that stand alone."""
