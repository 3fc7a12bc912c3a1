"""The admin speaks French where Django does."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import translation

import reproq_django
from tests.admin import scene
from tests.admin.conftest import url

CATALOGUE = Path(reproq_django.__file__).parent / "locale" / "fr" / "LC_MESSAGES" / "django.mo"


@pytest.mark.django_db
def test_a_french_admin_is_french(admin_client):
    day = scene.build(many=50)
    with override_settings(LANGUAGE_CODE="fr"):
        translation.activate("fr")
        overview = admin_client.get(url("overview")).content.decode()
        run = admin_client.get(url("taskrun_change", day.failing.result_id)).content.decode()
        listing = admin_client.get(url("taskrun_changelist")).content.decode()
    for words in (
        "Vue d’ensemble des files",
        "Débit, dernière heure",
        "Workers actifs",
        "En pause",
    ):
        assert words.lower() in overview.lower(), words
    for words in ("Chronologie", "Échec", "Réessayer", "Tentative 3", "La tentative 1 a mal fini"):
        assert words in run, words
    assert "Rejouer les tâches sélectionnées" in listing
    assert "Exécutions de tâches" in listing


@pytest.mark.django_db
def test_words_of_the_admin_itself_stay_what_they_are(admin_client):
    """A catalogue of an app goes before Django's own: "Run" is a button there and a noun here."""
    scene.build(many=5)
    with override_settings(LANGUAGE_CODE="fr"):
        translation.activate("fr")
        listing = admin_client.get(url("taskrun_changelist")).content.decode()
    [button] = re.findall(
        r'<button type="submit" class="button" name="index"[^>]*>([^<]*)<', listing
    )
    assert button != "Exécution"


def test_the_catalogue_is_compiled(tmp_path):
    if shutil.which("msgfmt") is None:
        pytest.skip("gettext is not on this machine")
    compiled = tmp_path / "django.mo"
    source = CATALOGUE.with_suffix(".po")
    subprocess.run(["msgfmt", "--check-format", "-o", compiled, source], check=True)
    with CATALOGUE.open("rb") as shipped, compiled.open("rb") as made:
        found, wanted = gettext.GNUTranslations(shipped), gettext.GNUTranslations(made)
    assert found._catalog == wanted._catalog
    untranslated = [key for key, words in wanted._catalog.items() if key and not words]
    assert untranslated == []


def test_every_word_has_a_translation(tmp_path):
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not on this machine")
    package = tmp_path / "reproq_django"
    shutil.copytree(Path(reproq_django.__file__).parent, package)
    command = [sys.executable, "-m", "django", "makemessages", "-l", "fr", "--no-obsolete", "-v0"]
    subprocess.run(command, cwd=package, check=True)
    catalogue = package / "locale" / "fr" / "LC_MESSAGES" / "django.po"
    for which in ("--untranslated", "--only-fuzzy"):
        found = subprocess.run(
            ["msgattrib", "--no-wrap", which, catalogue], check=True, capture_output=True, text=True
        )
        assert re.findall(r'^msgid "(.+)"', found.stdout, re.MULTILINE) == [], which
