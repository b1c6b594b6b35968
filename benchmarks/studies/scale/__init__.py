"""Quality and cost by corpus size."""
