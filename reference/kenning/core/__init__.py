"""What scenarios are made of: data sets, models, optimizers."""
