"""The explorers: one module a lesson, each function one slider-driven figure."""
