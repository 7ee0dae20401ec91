"""What is refused before any work: every argument of Lightning's Trainer, and others, with the values that do not fit.

One table, argument → condition → reason. An argument with no condition works with every value that its type has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys.command.arguments.class_arguments import misfits
from recsys.command.arguments.conditions import (
    Condition,
    Settings,
    are_several,
    arguments,
    at_least,
    backend,
    classes,
    draws_for_ratings,
    has,
    is_no_duration,
    is_no_folder_name,
    is_no_share,
    is_one_device,
    is_over_too_soon,
    lacks_a_momentum,
    logs_nothing_to_monitor,
    monitors_something_else,
    never_ends,
    other_than,
    samples,
    splits_a_batch,
    validated_too_seldom,
    validates,
)
from recsys.command.arguments.messages import shown
from recsys.errors import CommandError


@dataclass(frozen=True)
class Refusal:
    """Values of an argument that cannot be used, and one line that says why and what to do."""

    refused: Condition
    reason: str


def require_supported(settings: Settings) -> None:
    """Check the arguments of all classes, then the settings of a command against the table.

    Raises:
        CommandError: a value is refused; the message has a line for each such argument.
    """
    if lines := misfits(settings):  # the table takes values to be of their types
        raise CommandError("\n".join(lines))
    for argument, refusals in REFUSALS.items():
        value = _at(settings, argument)
        for refusal in refusals:
            if refusal.refused(value, settings):
                lines.append(f"--{argument} {shown(value)}: {refusal.reason}.")
                break
    if lines:
        raise CommandError("\n".join(lines))


_PROCESSES = "one process on one device trains a model, or several on CPUs, by --trainer.strategy ddp"
_FLOAT32 = "models, penalties and artefacts are float32; leave it out"
_ITS_OWN = "the command has its own; leave it out"
_NOT_NEGATIVE = "it must be 0 or more"
_NOTHING_LEFT = "nothing would be left; leave it out"
_NO_SHARE = Refusal(is_no_share, "give a number of batches, or a share of them from 0.0 to 1.0")
_ONE_BATCH = Refusal(
    splits_a_batch, "these ratings come in batches of a million, so a share may be none; give a number of batches"
)
_CHANGES_WEIGHTS = "it puts other weights in the place of those that were trained and validated; leave it out"

_SHARED_FEATURES = {"WhoRatedWhat", "UserColumns", "ItemColumns", "UserSide", "ItemSide"}
_ELEMENTWISE = {"Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"}

REFUSALS: Mapping[str, tuple[Refusal, ...]] = {
    "trainer.accelerator": (
        Refusal(other_than("auto", "cpu", "gpu", "cuda", "mps"), "models are trained on cpu or gpu"),
        Refusal(lambda v, _: backend(v) == "mps", "MPS has no float64, which singular values need; give cpu"),
        Refusal(lambda v, _: backend(v) == "", "torch finds no such device here; give cpu"),
    ),
    "trainer.strategy": (
        Refusal(other_than("auto", "ddp"), _PROCESSES),
        Refusal(
            lambda _, s: are_several(s) and backend(s["trainer"]["accelerator"]) != "cpu",
            "several processes train on CPUs; give --trainer.accelerator cpu",
        ),
    ),
    "trainer.devices": (
        Refusal(lambda v, s: not is_one_device(v, s) and not are_several(s), f"{_PROCESSES}; give 1 or both"),
    ),
    "trainer.num_nodes": (
        Refusal(lambda v, s: v != 1 and not are_several(s), f"{_PROCESSES}, which torchrun starts on several machines"),
    ),
    "trainer.precision": (Refusal(other_than(None, 32, "32", "32-true"), _FLOAT32),),
    "trainer.logger": (),
    "trainer.callbacks": (
        Refusal(
            lambda v, s: "EarlyStopping" in classes(v) and monitors_something_else(v, s),
            "EarlyStopping can monitor train_loss or train_rmse, which both stages of a fit have; --selection.patience "
            "stops on the validation RMSE",
        ),
        Refusal(monitors_something_else, "callbacks can monitor train_loss or train_rmse, which both stages have"),
        Refusal(logs_nothing_to_monitor, "it has nowhere to write with --trainer.logger false"),
        Refusal(
            has("BatchSizeFinder", "LearningRateFinder"),
            "it tries values out on the model that is then trained; give --data.batch_size and --optimizer.lr",
        ),
        Refusal(
            has("EMAWeightAveraging", "ModelPruning", "StochasticWeightAveraging", "WeightAveraging"), _CHANGES_WEIGHTS
        ),
        Refusal(has("BackboneFinetuning", "BaseFinetuning"), "the models have no part that is trained before others"),
        Refusal(has("BasePredictionWriter"), "`recsys predict` writes predictions"),
        Refusal(has("ProgressBar", "RichProgressBar", "TQDMProgressBar"), _ITS_OWN),
        Refusal(has("SpikeDetection"), "it looks for a faulty device among several, and there is one"),
        Refusal(has("ThroughputMonitor"), "it counts samples of fixed length, which ratings are not; leave it out"),
        Refusal(has("OnExceptionCheckpoint"), _ITS_OWN),
        Refusal(has("Timer"), "give --trainer.max_time"),
        Refusal(has("Callback", "Checkpoint"), "it does nothing by itself; give a class that is derived from it"),
    ),
    "trainer.fast_dev_run": (Refusal(at_least(0), _NOT_NEGATIVE),),
    "trainer.max_epochs": (
        Refusal(lambda v, _: v is None, "give a number of epochs, or -1 for no limit"),
        Refusal(lambda v, _: v == 0, "nothing would be trained; give at least 1"),
        Refusal(at_least(-1), "it must be 1 or more, or -1 for no limit"),
        Refusal(never_ends, "the fit would never end; give a number of epochs"),
    ),
    "trainer.min_epochs": (
        Refusal(at_least(0), _NOT_NEGATIVE),
        Refusal(
            lambda v, s: v is not None and 0 <= (s["trainer"]["max_epochs"] or -1) < v,
            "it exceeds --trainer.max_epochs",
        ),
    ),
    "trainer.max_steps": (
        Refusal(lambda v, _: v == 0, "nothing would be trained; give at least 1"),
        Refusal(at_least(-1), "it must be 1 or more, or -1 for no limit"),
    ),
    "trainer.min_steps": (
        Refusal(at_least(0), _NOT_NEGATIVE),
        Refusal(lambda v, s: v is not None and 0 <= s["trainer"]["max_steps"] < v, "it exceeds --trainer.max_steps"),
    ),
    "trainer.max_time": (Refusal(is_no_duration, "give a time above 0 as days:hours:minutes:seconds, 00:01:30:00"),),
    "trainer.limit_train_batches": (
        Refusal(lambda v, _: v is not None and not v > 0, "nothing would be trained"),
        _NO_SHARE,
        Refusal(
            lambda v, s: splits_a_batch(v, s) and s["data"]["init_args"]["batch_size"] is None,
            "without --data.batch_size the ratings are one batch, of which no share can be taken",
        ),
    ),
    "trainer.limit_val_batches": (
        Refusal(at_least(0), _NOT_NEGATIVE),
        Refusal(
            lambda v, s: v == 0 and validates(s),
            "the number of epochs is chosen on validation ratings; give --data.validation 0 to train without",
        ),
        _NO_SHARE,
        _ONE_BATCH,
    ),
    "trainer.limit_test_batches": (
        Refusal(
            lambda v, _: v is not None and not v > 0, "nothing would be tested; --run.test false does without a test"
        ),
        _NO_SHARE,
        _ONE_BATCH,
    ),
    "trainer.limit_predict_batches": (
        Refusal(lambda v, _: v is not None and not v > 0, _NOTHING_LEFT),
        _NO_SHARE,
        _ONE_BATCH,
    ),
    "trainer.overfit_batches": (
        Refusal(other_than(0), "it would validate on training ratings; --data.validation 0 trains on all of them"),
    ),
    "trainer.val_check_interval": (
        Refusal(
            other_than(None, 1.0),
            "epochs are counted, so validation comes after whole ones; give --trainer.check_val_every_n_epoch",
        ),
    ),
    "trainer.check_val_every_n_epoch": (
        Refusal(lambda v, _: v is None or v < 1, "give a number of epochs of 1 or more"),
        Refusal(
            validated_too_seldom,
            "--trainer.max_epochs is lower, so no validation would be made: lower this, or give --data.validation 0",
        ),
    ),
    "trainer.num_sanity_val_steps": (Refusal(at_least(-1), "it must be 0 or more, or -1 for all"),),
    "trainer.log_every_n_steps": (Refusal(at_least(0), "it must be 1 or more, or 0 for never"),),
    "trainer.enable_checkpointing": (
        Refusal(lambda v, _: v is False, "a fit can be resumed; --run.checkpoint_every makes checkpoints seldom"),
    ),
    "trainer.enable_progress_bar": (),
    "trainer.enable_model_summary": (),
    "trainer.accumulate_grad_batches": (
        Refusal(at_least(1), "it must be 1 or more"),
        Refusal(lambda v, s: v != 1 and samples(s), "BayesianEmbedding takes its own steps; leave it out"),
    ),
    "trainer.gradient_clip_val": (
        Refusal(at_least(0), _NOT_NEGATIVE),
        Refusal(lambda v, s: bool(v) and are_several(s), "no process of several has the whole gradient; leave it out"),
        Refusal(lambda v, s: bool(v) and samples(s), "BayesianEmbedding takes its own steps; leave it out"),
    ),
    "trainer.gradient_clip_algorithm": (Refusal(other_than(None, "norm", "value"), "give norm or value"),),
    "trainer.deterministic": (),
    "trainer.benchmark": (),
    "trainer.inference_mode": (),
    "trainer.use_distributed_sampler": (),  # of one process, which has nothing to distribute
    "trainer.profiler": (
        Refusal(
            lambda v, _: isinstance(v, str) and v not in ("simple", "advanced", "pytorch"),
            "give simple, advanced or pytorch",
        ),
    ),
    "trainer.detect_anomaly": (),
    "trainer.barebones": (Refusal(other_than(False), "it takes checkpoints and logs away; leave it out"),),
    "trainer.plugins": (Refusal(other_than(None, [], ()), f"checkpoints are written whole or not at all: {_ITS_OWN}"),),
    "trainer.sync_batchnorm": (Refusal(other_than(False), "the models have no batch normalisation; leave it out"),),
    "trainer.reload_dataloaders_every_n_epochs": (Refusal(at_least(0), _NOT_NEGATIVE),),
    "trainer.default_root_dir": (),
    "trainer.enable_autolog_hparams": (),
    "trainer.model_registry": (Refusal(other_than(None), "models go into --run.artifacts; leave it out"),),
    "model": (
        Refusal(
            lambda v, s: are_several(s) and "LinearNetwork" in classes(v),
            "its layers are matrices of all users and items, which several processes cannot share out; leave "
            "--trainer.devices out",
        ),
        Refusal(
            lambda v, s: are_several(s) and not {*classes(v)} <= {"BayesianEmbedding", "UserItemEmbedding"},
            "several processes train BayesianEmbedding or UserItemEmbedding; leave --trainer.devices out",
        ),
        Refusal(
            lambda v, s: are_several(s) and draws_for_ratings(v),
            "one process draws what belongs to single ratings; leave out --model.init_args.time and likelihood, as "
            "best-ratings does, or --trainer.devices",
        ),
        Refusal(
            lambda v, s: are_several(s) and not {*classes(arguments(v).get("features"))} <= _SHARED_FEATURES,
            f"several processes share the features {', '.join(sorted(_SHARED_FEATURES))}; leave others out",
        ),
        Refusal(
            lambda v, s: are_several(s) and not {*classes(arguments(v).get("start"))} <= {"DampedMeans", "NearZero"},
            "several processes start at DampedMeans or NearZero",
        ),
    ),
    "data.init_args.batch_size": (
        Refusal(
            lambda v, s: v is not None and are_several(s),
            "several processes take all ratings at once; leave it out",
        ),
    ),
    "optimizer": (
        Refusal(
            lambda v, s: are_several(s) and not {*classes(v)} <= _ELEMENTWISE,
            "several processes have a part of the parameters each, so their steps have to be taken number by number; "
            "give Adam",
        ),
        Refusal(lambda v, _: v is None, "a model is trained by an optimiser; leave it out for Adam"),
        Refusal(has("SparseAdam"), "the gradients here are dense; give Adam"),
        Refusal(lacks_a_momentum, "nesterov needs a momentum above 0 and a dampening of 0"),
    ),
    "lr_scheduler": (
        Refusal(
            monitors_something_else,
            "it can monitor train_loss or train_rmse, which both stages have: the refit has no validation ratings",
        ),
        Refusal(
            has("ChainedScheduler", "LambdaLR", "LRScheduler", "MultiplicativeLR", "SequentialLR"),
            "it is made of functions or other schedules, which a configuration cannot hold; give another one",
        ),
        Refusal(
            lambda v, _: any(arguments(v).get(name, 1) < 1 for name in ("step_size", "T_max", "T_0", "total_iters")),
            "its epochs must be 1 or more",
        ),
        Refusal(is_over_too_soon, "its total_steps must be --trainer.max_epochs or more, as it takes one each epoch"),
    ),
    "seed_everything": (
        Refusal(lambda v, _: not isinstance(v, bool) and not 0 <= v < 2**32, "a seed is one of 0 … 4294967295"),
    ),
    "run.name": (Refusal(is_no_folder_name, "it names folders: give letters, digits and hyphens, without slashes"),),
    "run.checkpoint_every": (Refusal(at_least(1), "it must be 1 epoch or more"),),
}


def _at(settings: Settings, argument: str) -> Any:
    value: Any = settings
    for name in argument.split("."):
        value = value[name]
    return value
