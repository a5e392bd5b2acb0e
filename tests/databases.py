"""Throw-away PostgreSQL and MariaDB servers on loopback, for the tests (Linux).

    eval "$(python tests/databases.py start)"    start them, and set what tests/settings.py reads
    python tests/databases.py stop               stop them and forget all that they held

Debian's packages are installed where the servers are missing and this runs as root. Servers that root starts
run as `nobody`, because PostgreSQL refuses to be root. `--folder` gives a pair of servers a life of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
USER = "signals_audit"
PATIENCE = 60.0  # seconds that a server may take to start or to stop
CHECKOUT = sha256(os.fsencode(Path(__file__).resolve())).hexdigest()[:8]
FOLDER = Path(tempfile.gettempdir(), f"signals_audit_databases_{os.geteuid()}_{CHECKOUT}")


class DatabaseError(RuntimeError):
    """A server could not be installed, started or stopped."""


@dataclass(frozen=True)
class Server:
    """One server: what runs it, where its files are and how it is reached."""

    vendor: str
    folder: Path
    port: int
    password: str

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def variables(self) -> dict[str, str]:
        values = {"HOST": HOST, "PORT": str(self.port), "USER": USER, "PASSWORD": self.password}
        return {f"SIGNALS_AUDIT_{self.vendor.upper()}_{key}": value for key, value in values.items()}

    def write(self, name: str, text: str) -> Path:
        """Write a file that only the server's own user can read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        hand_over(path)
        return path

    def run(self, *command: str | Path) -> None:
        """Run one step of the preparation to its end."""
        with self.log.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, **as_server_user(self.folder))
        if done.returncode:
            raise DatabaseError(f"{command[0]} failed:\n{self.log.read_text(errors='replace')}")

    def serve(self, *command: str | Path, ready: Callable[[], bool]) -> None:
        """Start the server and wait until it answers."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_server_user(self.folder),
            )
        (self.folder / "pid").write_text(str(process.pid))
        if not within(PATIENCE, lambda: process.poll() is not None or ready()) or process.poll() is not None:
            raise DatabaseError(f"{command[0]} did not start:\n{self.log.read_text(errors='replace')}")


def start(folder: Path = FOLDER) -> dict[str, str]:
    """Start both servers, unless they run already, and return the variables that say where they listen."""
    state = folder / "variables.json"
    if state.exists() and len(running(folder)) == len(STARTERS):
        return dict(json.loads(state.read_text()))
    stop(folder)
    install_what_is_missing()
    variables: dict[str, str] = {}
    try:
        for vendor, starter in STARTERS.items():
            server = Server(vendor, new_folder(folder / vendor), free_port(), secrets.token_hex(8))
            starter(server)
            variables |= server.variables()
    except BaseException:
        stop(folder)
        raise
    state.touch(mode=0o600)
    state.write_text(json.dumps(variables))
    return variables


def stop(folder: Path = FOLDER) -> None:
    """Stop the servers and remove their files; nothing happens where there are none."""
    for pid_file in running(folder):
        end(pid_file)
    for vendor in STARTERS:
        shutil.rmtree(folder / vendor, ignore_errors=True)
    (folder / "variables.json").unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def start_postgresql(server: Server) -> None:
    password = server.write("password", server.password)
    account = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}"]
    text = ["--encoding=UTF8", "--locale=C.UTF-8"]
    server.run(postgresql_program("initdb"), "-D", server.data, *account, *text)
    options = {
        "listen_addresses": HOST,
        "port": str(server.port),
        "unix_socket_directories": "",
        "shared_buffers": "32MB",
        "max_connections": "60",
        "max_parallel_workers_per_gather": "0",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    pid_file = server.data / "postmaster.pid"
    server.serve(
        postgresql_program("postgres"),
        "-D",
        server.data,
        *arguments,
        ready=lambda: pid_file.exists() and "ready" in pid_file.read_text(),
    )


def start_mariadb(server: Server) -> None:
    data = f"--datadir={server.data}"
    server.run(program("mariadb-install-db"), "--no-defaults", data, "--skip-test-db", "--skip-name-resolve")
    account = f"'{USER}'@'{HOST}'"
    init = server.write(
        "init.sql",
        f"CREATE USER {account} IDENTIFIED BY '{server.password}';\nGRANT ALL ON *.* TO {account};\n",
    )
    server.serve(
        program("mariadbd"),
        "--no-defaults",
        data,
        f"--bind-address={HOST}",
        f"--port={server.port}",
        f"--socket={server.folder / 'socket'}",
        f"--pid-file={server.folder / 'mariadbd.pid'}",
        f"--init-file={init}",
        "--innodb-buffer-pool-size=64M",
        "--character-set-server=utf8mb4",
        "--skip-name-resolve",
        ready=lambda: greets(server.port),
    )


STARTERS: dict[str, Callable[[Server], None]] = {"postgresql": start_postgresql, "mariadb": start_mariadb}


def install_what_is_missing() -> None:
    """Install Debian's packages for the servers, and for building mysqlclient, where this is allowed."""
    if not (missing := missing_packages()):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise DatabaseError(f"Install these packages, or run this as root on Debian: {', '.join(missing)}.")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        # Standard output belongs to the variables.
        done = subprocess.run(
            ["apt-get", "-q", *command], env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr
        )
    if done.returncode:
        raise DatabaseError(f"apt-get could not install {', '.join(missing)}.")


def missing_packages() -> list[str]:
    needed = {
        "postgresql": postgresql_program("postgres"),
        "mariadb-server": program("mariadbd") and program("mariadb-install-db"),
        "libmariadb-dev": program("mariadb_config") or program("mysql_config"),
        "pkg-config": program("pkg-config"),
        "gcc": program("gcc"),
        "python3-dev": Path(sysconfig.get_path("include"), "Python.h").exists(),
    }
    return [package for package, found in needed.items() if not found]


def program(name: str) -> str:
    """Return the path of a program, those meant for root included; empty if there is none."""
    folders = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=f"{folders}:/usr/local/sbin:/usr/sbin:/sbin") or ""


def postgresql_program(name: str) -> str:
    """Return the newest PostgreSQL's program, which Debian keeps off the PATH; empty if there is none."""
    found = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    versions = sorted(found, key=lambda path: int(path.parts[-3]))
    return str(versions[-1]) if versions else program(name)


def as_server_user(folder: Path) -> dict[str, Any]:
    """Return how to start a process in a folder of the servers' user."""
    if os.geteuid():
        return {"cwd": folder}
    account = pwd.getpwnam("nobody")
    return {"cwd": folder, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    if not os.geteuid():
        account = pwd.getpwnam("nobody")
        os.chown(path, account.pw_uid, account.pw_gid)


def new_folder(folder: Path) -> Path:
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    hand_over(folder)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def greets(port: int) -> bool:
    """Say whether a MariaDB server sends its greeting."""
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def running(folder: Path) -> list[Path]:
    """Return the pid files of the servers of a folder that are alive."""
    return [pid_file for pid_file in folder.glob("*/pid") if is_alive(pid_file)]


def is_alive(pid_file: Path) -> bool:
    """Say whether the server of a pid file runs; its command line tells it from a later process."""
    command = Path("/proc", pid_file.read_text(), "cmdline")
    try:
        return os.fsencode(pid_file.parent) in command.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def end(pid_file: Path) -> None:
    """Stop a server in order, or hard when that takes too long."""
    # PostgreSQL waits for its clients on SIGTERM, MariaDB ignores SIGINT.
    polite = signal.SIGINT if pid_file.parent.name == "postgresql" else signal.SIGTERM
    for sent in (polite, signal.SIGKILL):
        os.kill(int(pid_file.read_text()), sent)
        if within(PATIENCE / 2, lambda: not is_alive(pid_file)):
            return


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    """Wait until something has happened; say whether it has."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if happened():
            return True
        time.sleep(0.05)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description="Start or stop throw-away database servers for the tests.")
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.action == "stop":
        stop(folder)
        return
    try:
        variables = start(folder)
    except DatabaseError as error:
        sys.exit(str(error))
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
