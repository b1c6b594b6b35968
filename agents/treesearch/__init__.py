"""AlphaLLM (Tian et al. 2024, arXiv 2404.12253): tree search over turns, three learned critics, distillation."""
