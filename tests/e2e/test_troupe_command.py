"""The `troupe` command beside a running system."""

from __future__ import annotations

import pytest

from bench.system import System

pytestmark = pytest.mark.cluster


def test_status_lists_every_component_and_the_addresses(system: System) -> None:
    shown = system.command("status")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for name in ("database", "actors", "bot", "llm", "embeddings", "retrieval", "persona", system.page, system.api):
        assert name in shown.stdout


def test_chat_streams_a_reply_and_remembers(system: System) -> None:
    talk = system.command("chat", "glordon", "--name", "Mara", typed="Hello!\nHow are you?\n/quit\n")
    assert talk.returncode == 0, talk.stderr
    replies = [line for line in talk.stdout.splitlines() if "Glordon ›" in line]
    assert len(replies) == 2
    assert all(len(line.split("Glordon ›")[1].split()) >= 2 for line in replies)


def test_chat_with_nobody_of_that_name_says_who_there_is(system: System) -> None:
    talk = system.command("chat", "glordn")
    assert talk.returncode == 1
    assert "glordon" in talk.stdout


def test_seed_finds_nothing_to_do_when_the_pack_is_unchanged(system: System) -> None:
    seeded = system.command("seed")
    assert seeded.returncode == 0, seeded.stdout + seeded.stderr
    assert "15 personas" in seeded.stdout
    assert "Nothing had changed" in seeded.stdout


def test_doctor_sees_it_running(system: System) -> None:
    examined = system.command("doctor")
    assert examined.returncode == 0, examined.stdout
    assert "Troupe runs" in examined.stdout


def test_a_second_up_on_the_same_data_is_refused(system: System) -> None:
    second = system.command("up")
    assert second.returncode == 1
    assert "already runs" in second.stdout
    assert "troupe down" in second.stdout


def test_profiles_are_listed_with_what_they_want_of_a_gpu(system: System) -> None:
    listed = system.command("profile", "list")
    assert listed.returncode == 0, listed.stderr
    for name in ("local", "multitask", "performance", "single-channel-11gb", "cluster"):
        assert name in listed.stdout
    shown = system.command("profile", "show", "performance")
    assert "USE_8BIT" in shown.stdout
    unknown = system.command("profile", "use", "turbo")
    assert unknown.returncode == 1
    assert "multitask" in unknown.stdout
