"""Do gradients point to the right pitch? Targets, candidates, losses, and what is counted."""
