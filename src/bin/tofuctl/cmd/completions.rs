//! `completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::{generate, shells};

use crate::cli::Cli;
use crate::cli::exchange::{Completions, Shell};
use crate::context::Context;
use crate::process::exit::{Exit, Failure};

pub fn run(args: &Completions, cx: &Context) -> Result<Exit, Failure> {
    let mut command = super::man::visible(Cli::command());
    let mut text = Vec::new();
    match args.shell {
        Shell::Bash => generate(shells::Bash, &mut command, "tofuctl", &mut text),
        Shell::Zsh => generate(shells::Zsh, &mut command, "tofuctl", &mut text),
        Shell::Fish => generate(shells::Fish, &mut command, "tofuctl", &mut text),
    }
    cx.out.bytes(&text)?;
    Ok(Exit::Done)
}
