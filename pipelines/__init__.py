"""Tensors: the network and the diffusion pipelines. Enter through `pipelines.restorer` and `pipelines.speculation`."""
