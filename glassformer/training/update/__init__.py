"""One update of the parameters: loss, gradients, optimizer, schedule, precision."""
