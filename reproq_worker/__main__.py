"""`python -m reproq_worker` is `reproq`."""

from reproq_worker.cli import main

if __name__ == "__main__":
    main(prog_name="reproq")
