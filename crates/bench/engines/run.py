"""Loads a workload into one engine, asks its questions and writes what came out.

    python run.py --engine clickhouse|duckdb|postgres --workload DIR --out FILE [--load-only-rows N]
"""

import argparse
import gc
import importlib
import json
import math
import signal
import sys
import time
from decimal import Decimal
from pathlib import Path

import series
import sql
import workload as workloads

ENGINES = {"clickhouse": ("clickhouse", "ClickHouse"), "duckdb": ("duckdb_engine", "DuckDb"), "postgres": ("postgres", "Postgres")}

BATCH = 1_000
INSERT_ROWS_MAX = 200_000

WARM_UPS = 2
RUNS_MIN, RUNS_MAX = 3, 50


def main():
    arguments = parsed_arguments()
    began = time.perf_counter()
    work = workloads.read(arguments.workload)
    say(f"{work.rows} events, each once; prepared in {time.perf_counter() - began:.1f} s")
    scratch = Path(arguments.scratch or work.folder / "engines")
    scratch.mkdir(parents=True, exist_ok=True)
    # Asked to stop, we clean up first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    module, name = ENGINES[arguments.engine]
    module = importlib.import_module(module)
    engine = getattr(module, name)(work, scratch)
    try:
        rows = min(work.rows, arguments.load_only_rows or work.rows)
        result = {
            "engine": engine.NAME,
            "version": engine.version,
            "schema": module.WHY + engine.schema() + ";\n",
            "deduplication": engine.DEDUPLICATION,
        }
        result |= load(engine, work, rows, arguments.insert_rows)
        if arguments.load_only_rows is None:
            result["answers"] = list(answers(engine, work, arguments))
            result["errors"] = summary(result["answers"])
        if hasattr(engine, "afterwards"):
            result["load"] |= engine.afterwards()
    finally:
        engine.close()
    out = Path(arguments.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--workload", required=True, help="the folder with events.jsonl, meters.json and questions.json")
    parser.add_argument("--out", required=True, help="the result, a JSON file")
    parser.add_argument("--load-only-rows", type=int, help="load so many events and ask nothing")
    parser.add_argument("--insert-rows", type=int, default=INSERT_ROWS_MAX, help="how many events at most go in by batches of 1,000")
    parser.add_argument("--seconds", type=float, default=5, help="the time for one question, about")
    parser.add_argument("--scratch", help="where the data folder is made; the workload's folder unless said")
    parser.add_argument("--only", help="only questions whose id holds this text")
    parser.add_argument("--verbose", action="store_true", help="a line for each question, with its statement")
    return parser.parse_args()


def load(engine, work, rows, insert_rows):
    """All but the last events in bulk, those in batches of 1,000, then the engine's own tidying."""
    batched = min(insert_rows, rows // 5)
    began = time.perf_counter()
    engine.create()
    engine.bulk(rows - batched)
    bulk_seconds = time.perf_counter() - began
    say(f"{rows - batched} rows in bulk: {bulk_seconds:.1f} s")

    insert_seconds = 0.0
    worst = 0.0
    batch = []
    for line in work.lines(rows - batched, batched):
        batch.append(line)
        if len(batch) == BATCH:
            seconds = inserted(engine, batch)
            insert_seconds += seconds
            worst = max(worst, seconds)
            batch = []
    if batch:
        insert_seconds += inserted(engine, batch)
    if batched:
        say(f"{batched} rows by 1,000: {insert_seconds:.1f} s, {batched / insert_seconds:,.0f} rows/s")

    began = time.perf_counter()
    engine.optimise()
    optimise_seconds = time.perf_counter() - began
    sizes = engine.sizes()
    say(f"tidied in {optimise_seconds:.1f} s; {sizes['bytes_on_disk'] / rows:.1f} bytes a row")
    return {
        "load": {
            "rows": rows,
            "seconds": round(bulk_seconds + insert_seconds + optimise_seconds, 3),
            "bulk_rows": rows - batched,
            "bulk_seconds": round(bulk_seconds, 3),
            "optimise_seconds": round(optimise_seconds, 3),
            **sizes,
        },
        "insert_1000": {"rows": batched, "seconds": round(insert_seconds, 3), "worst_ms": round(worst * 1e3, 3)},
    }


def inserted(engine, batch):
    began = time.perf_counter()
    engine.insert(batch)
    return time.perf_counter() - began


def answers(engine, work, arguments):
    for question in work.questions:
        if arguments.only and arguments.only not in question["id"]:
            continue
        yield answered(engine, work, question, arguments)


def answered(engine, work, question, arguments):
    meter = work.meters[question["meter"]]
    function = meter["aggregation"]["func"]
    out = {"id": question["id"]}
    statement = None
    try:
        points = series.Series(question)
        statement = sql.statement(engine, question, meter, points)
        times, rows = measured(engine, statement, arguments.seconds)
        quantities, total = series.answer(question, function, points, rows)
        error = series.absolute_error(question, quantities, total)
        out |= {
            "p50_ms": round(percentile(times, 50) * 1e3, 4),
            "p99_ms": round(percentile(times, 99) * 1e3, 4),
            "runs": len(times),
            "quantities": quantities,
            "total": total,
            "absolute_error": None if error is None else str(error),
        }
    except sql.Unsupported as reason:
        out["error"] = f"not asked: {reason}"
    except Exception as reason:  # an engine that fails at one question is still asked the others
        out["error"] = f"{type(reason).__name__}: {str(reason)[:600]}"
    out["sql"] = statement
    if arguments.verbose:
        say(f"{out['id']}: {out.get('p50_ms')} ms, error {out.get('absolute_error', out.get('error'))}\n    {statement}")
    return out


def measured(engine, statement, seconds):
    """The times of the runs, without the warm-ups, and the rows of the last."""
    deadline = time.perf_counter() + seconds
    times = []
    rows = None
    gc.disable()
    try:
        for run in range(WARM_UPS + RUNS_MAX):
            took, rows = engine.timed(statement)
            if run >= WARM_UPS:
                times.append(took)
            if time.perf_counter() > deadline and len(times) >= RUNS_MIN:
                break
    finally:
        gc.enable()
    return times, rows


def percentile(times, percent):
    """The nearest rank."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def summary(told):
    """How far the answers are from the oracle's, printed and kept."""
    errors = {answer["id"]: Decimal(answer["absolute_error"]) for answer in told if answer.get("absolute_error") is not None}
    exact = sum(error == 0 for error in errors.values())
    failed = [answer["id"] for answer in told if "error" in answer or answer.get("absolute_error") is None]
    worst = max(errors, key=errors.get, default=None)
    say(f"{exact} of {len(told)} answers exact; {len(failed)} without an answer")
    for name, error in sorted(errors.items(), key=lambda pair: -pair[1]):
        if error:
            say(f"  {name}: absolute error {error:.3e}")
    for answer in told:
        if "error" in answer:
            say(f"  {answer['id']}: {answer['error']}")
    return {
        "exact": exact,
        "answers": len(told),
        "failed": failed,
        "greatest_absolute_error": str(errors[worst]) if worst else None,
    }


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
