"""RestorationNetwork: the U-Net in diffusers' clothes, so that it saves, loads and moves like any diffusers model."""

from __future__ import annotations

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor

from pipelines.unet import PixelUNet


class RestorationNetwork(ModelMixin, ConfigMixin):
    """See `pipelines.unet.PixelUNet` for what goes in and what comes out."""

    @register_to_config
    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256), blocks: int = 2, time_channels: int = 64):
        super().__init__()
        self.unet = PixelUNet(tuple(widths), blocks, time_channels)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        prefill: Tensor,
        mean: Tensor,
        hole: Tensor,
        distance: Tensor,
        lines: Tensor,
        lines_given: Tensor,
        veil: Tensor,
        reference: Tensor,
        reference_given: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Predict the clean picture and its expected error; all arguments as in `PixelUNet.forward`."""
        return self.unet(x, t, prefill, mean, hole, distance, lines, lines_given, veil, reference, reference_given)
