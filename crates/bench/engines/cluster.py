"""A PostgreSQL cluster of our own: made in a temporary folder, reached over a unix socket alone, stopped by its process id."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

# For a machine that gives the database 8 GB.
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "2GB",
    "effective_cache_size": "6GB",
    "work_mem": "256MB",
    "hash_mem_multiplier": "2",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "lz4",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "2",
    "max_parallel_maintenance_workers": "2",
    "enable_partitionwise_aggregate": "on",
    "jit": "off",
    "max_connections": "20",
}


class Cluster:
    """Runs as the user `postgres` when we are root, because the server refuses to run as root."""

    def __init__(self, scratch):
        self.programs = programs()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=scratch))
        # Our data folder may lie where only root may go.
        if self.user and not self.reachable():
            self.folder.rmdir()
            self.folder = Path(tempfile.mkdtemp(prefix="sextant-bench-postgres-"))
        # The path of a socket has a short limit, which a data folder may pass.
        self.sockets = Path(tempfile.mkdtemp(prefix="sextant-pg-"))
        for path in (self.folder, self.sockets):
            if self.user:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.process = None

    def start(self):
        data = self.folder / "data"
        subprocess.run(
            [self.programs / "initdb", "-D", data, "-U", "bench", "-A", "trust", "--locale=C", "--encoding=UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            **self.identity(),
        )
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", data, "-k", self.sockets, *settings],
                stdout=log,
                stderr=log,
                **self.identity(),
            )

    def connect(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return psycopg.connect(host=str(self.sockets), user="bench", dbname="postgres", autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # a fast shutdown
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def identity(self):
        """The user that the server's programs run as, and a folder that this user may be in."""
        if self.user is None:
            return {"cwd": self.folder}
        return {"cwd": self.folder, "user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def reachable(self):
        os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        told = subprocess.run(
            ["test", "-w", self.folder],
            user=self.user.pw_uid,
            group=self.user.pw_gid,
            extra_groups=[],
            cwd="/",
        )
        return told.returncode == 0


def programs():
    """Where the server's programs are: Debian keeps them out of the path, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    return Path(os.path.realpath(on_path)).parent
