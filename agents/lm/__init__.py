"""Language models as policies: tokenizer, tiny policy, demonstrations, generation with one cache."""
