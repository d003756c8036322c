"""Settings of runs that are small enough to be trained in a test."""

#: A few clips, one step an epoch, a validation in each.
SMALL = (
    "--data.init_args.sound.train_clips=48",
    "--data.init_args.sound.val_clips=4",
    "--data.init_args.sound.test_clips=4",
    "--data.init_args.batch_size=16",
    "--trainer.check_val_every_n_epoch=1",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--trainer.accelerator=cpu",
)
