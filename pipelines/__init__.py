"""Tensors: the network and the diffusion pipelines. Enter through `pipelines.restoration` and `pipelines.speculation`."""
