"""Training of the bundled model; needs torch, numpy, scipy, OpenCV and Pillow only."""
