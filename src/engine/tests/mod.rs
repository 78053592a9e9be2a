//! Tests of the engine against values that PyTorch computed (`tests/fixtures/engine/make.py`).

mod attention;
mod checkpoints;
mod encoders;
mod evaluation;
mod fixtures;
mod kernels;
mod kmeans;
mod mechanics;
mod nt_xent;
mod operations;
mod optimizers;
mod schedules;
mod settings;
mod still;
mod threads;
mod training;
mod vocabulary;
mod windows;
