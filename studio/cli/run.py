"""`python -m studio.cli.run`: the command line where the script `anastylosis` is not on the PATH."""

from studio.cli import main

if __name__ == "__main__":
    main()
