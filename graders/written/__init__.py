"""What students wrote: claims in summaries, and lab reports."""
