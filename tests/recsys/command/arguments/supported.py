"""What can be asked for beside the defaults, and works: values of the Trainer's arguments, and classes by name."""

from __future__ import annotations

VALUES: dict[str, tuple[str, ...]] = {
    "accelerator": ("auto",),
    "devices": ("auto",),
    "precision": ("32-true",),
    "logger": ("true", "false", "TensorBoardLogger"),
    "max_epochs": ("-1",),
    "min_epochs": ("1",),
    "max_steps": ("1",),
    "min_steps": ("1",),
    "max_time": ("00:01:00:00",),
    "fast_dev_run": ("true",),
    "limit_train_batches": ("1",),
    "limit_val_batches": ("1",),
    "limit_test_batches": ("1",),
    "val_check_interval": ("1.0",),
    "check_val_every_n_epoch": ("2",),
    "num_sanity_val_steps": ("-1",),
    "log_every_n_steps": ("0", "1"),
    "enable_checkpointing": ("true",),
    "enable_progress_bar": ("false", "true"),
    "enable_model_summary": ("true",),
    "accumulate_grad_batches": ("2",),
    "gradient_clip_val": ("0.5",),
    "gradient_clip_algorithm": ("value",),
    "deterministic": ("true", "warn"),
    "benchmark": ("true",),
    "inference_mode": ("false",),
    "use_distributed_sampler": ("false",),
    "profiler": ("simple", "advanced"),
    "detect_anomaly": ("true",),
    "reload_dataloaders_every_n_epochs": ("1",),
    "default_root_dir": ("elsewhere",),
    "enable_autolog_hparams": ("false",),
}
LIMITING = {"max_steps", "max_time", "fast_dev_run", "limit_train_batches", "limit_val_batches", "limit_test_batches"}

# Classes, with the arguments that they need.
CALLBACKS: dict[str, tuple[str, ...]] = {
    "DeviceStatsMonitor": ("--trainer.callbacks.cpu_stats", "false"),
    "EarlyStopping": ("--trainer.callbacks.monitor", "train_loss"),
    "GradientAccumulationScheduler": ("--trainer.callbacks.scheduling", '{"0": 2}'),
    "LambdaCallback": (),
    "LearningRateMonitor": (),
    "ModelCheckpoint": ("--trainer.callbacks.monitor", "train_rmse", "--trainer.callbacks.dirpath", "best"),
    "ModelSummary": (),
    "RichModelSummary": (),
}
OPTIMIZERS: dict[str, tuple[str, ...]] = dict.fromkeys(
    [
        *("ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Muon", "NAdam", "RAdam"),
        *("RMSprop", "Rprop", "SGD"),
    ],
    (),
)
SCHEDULERS: dict[str, tuple[str, ...]] = {
    "ConstantLR": (),
    "CosineAnnealingLR": ("--lr_scheduler.T_max", "5"),
    "CosineAnnealingWarmRestarts": ("--lr_scheduler.T_0", "2"),
    "CyclicLR": ("--lr_scheduler.base_lr", "0.01", "--lr_scheduler.max_lr", "0.1"),
    "ExponentialLR": ("--lr_scheduler.gamma", "0.9"),
    "LinearLR": (),
    "MultiStepLR": ("--lr_scheduler.milestones", "[1]"),
    "OneCycleLR": ("--lr_scheduler.max_lr", "0.1", "--lr_scheduler.total_steps", "10"),
    "PolynomialLR": (),
    "ReduceLROnPlateau": ("--lr_scheduler.monitor", "train_loss"),
    "StepLR": ("--lr_scheduler.step_size", "1"),
}
