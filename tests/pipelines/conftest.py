"""A tiny network that has learnt something, saved and loaded like the bundled one, and pictures to fill."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from pipelines.network import RestorationNetwork
from pipelines.prefill import conditions
from pipelines.request import RestorationRequest
from pipelines.restoration import RestorationPipeline
from pipelines.unet import NOISE, REFERENCE_PX

sys.path.insert(0, str(Path(__file__).parent))  # the tests are imported by path; weave.py stands beside them
from weave import cracks, weave

DIGEST = hashlib.sha256(b"a source").hexdigest()


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def _taught(steps):
    """A small network, taught for a few seconds to fill 5-px bands in one weave, mean mode and flow."""
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(0)
        network = RestorationNetwork(widths=(16, 24), blocks=1, time_channels=16).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    rng, picture = np.random.default_rng(1), weave(400, 400).astype(np.float32) / 255
    for _ in range(steps):
        y, x = rng.integers(0, 400 - 48, 2)
        image = picture[y : y + 48, x : x + 48]
        hole = cracks(48, 48, int(rng.integers(1 << 30)), 3, 6)
        if not 0.02 < hole.mean() < 0.7:
            continue
        told = conditions(image, hole)
        stack = [told.fill, told.mean, hole, told.distance, hole * 0, hole * 0, hole * 0]
        stack = [torch.from_numpy(np.float32(v).reshape(1, 48, 48, -1)).permute(0, 3, 1, 2) for v in stack]
        style = torch.zeros(1, 3, REFERENCE_PX, REFERENCE_PX), torch.zeros(1)
        target = torch.from_numpy(image).permute(2, 0, 1)[None]
        t = 1.0 if rng.random() < 0.6 else float(rng.uniform(0.05, 0.95))
        noise = torch.from_numpy(rng.standard_normal(target.shape, np.float32))
        path = ((1 - t) * (target - stack[0]) + t * NOISE * noise) * stack[2] * (t < 1)
        guess, doubt = network(stack[0] + path, torch.full((1,), t), *stack, *style)
        off = (guess - target) * stack[2]
        error = (off.square().sum() + ((doubt - off.detach().abs().mean(1, keepdim=True)) * stack[2]).square().sum()) / stack[
            2
        ].sum()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return network


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A saved pipeline in diffusers' layout."""
    folder = tmp_path_factory.mktemp("model")
    RestorationPipeline(_taught(250), FlowMatchEulerDiscreteScheduler()).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(scope="session")
def pipeline(model_folder):
    return RestorationPipeline.from_pretrained(model_folder, local_files_only=True, use_safetensors=True)


@pytest.fixture
def request_of():
    def make(**changes):
        return RestorationRequest(**{"source_sha256": DIGEST, "mask_sha256": DIGEST, **changes})

    return make
