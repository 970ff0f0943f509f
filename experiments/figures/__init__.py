"""Results as charts; every function returns a chart of `sim.view.charts`."""
