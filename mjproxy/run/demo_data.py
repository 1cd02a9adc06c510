"""Rows for a demo run: ready accounts, services to try, a sign-in and a key."""

from __future__ import annotations

from typing import Final

from accounts.editing.save import save_account
from accounts.models import ApiKey, DiscordAccount, User
from accounts.people.keys import ADMIN_NAME, create_key
from accounts.people.users import reset_password
from gateway.simulator.services import bucket, translator
from gateway.simulator.state.accounts import default_accounts
from gateway.simulator.swaps import provider
from mjproxy.lib.audit.records import audited
from mjproxy.run.demo import ACCOUNTS, KEY_NAME
from tasks.enums import BucketNames, TranslateWay
from tasks.models import StorageSettings, SwapSettings, TranslationSettings

DEMO_REASON: Final = "This is the demo: its provider is simulated, and nothing is paid."


def add_accounts() -> None:
    """Register the simulator's accounts, with no pause between two submissions."""
    known = set(DiscordAccount.objects.values_list("channel_id", flat=True))
    for spec in default_accounts(ACCOUNTS):
        if spec.channel_id not in known:
            save_account(
                DiscordAccount(
                    remark=spec.name,
                    guild_id=spec.guild_id,
                    channel_id=spec.channel_id,
                    user_token=spec.user_token,
                    interval=0,
                    after_interval_min=0,
                    after_interval_max=0,
                )
            )


def add_services(simulator: str) -> None:
    """Let face swap, translation and the bucket lead to the simulator at an address.

    What a person has set there stays; only the address follows the simulator.
    """
    _add_swaps(SwapSettings.get_solo())
    _add_translator(TranslationSettings.get_solo(), simulator)
    _add_bucket(StorageSettings.get_solo(), simulator)


@audited
def _add_swaps(row: SwapSettings) -> None:
    if not row.token:
        row.token = provider.TOKEN
        row.enabled = row.video_enabled = True
        row.reason = DEMO_REASON
        row.save()


@audited
def _add_translator(row: TranslationSettings, simulator: str) -> None:
    if not row.deepl_key:
        row.deepl_key = translator.KEY
        row.translator = TranslateWay.DEEPL
        row.back_to_chinese = True
    if row.deepl_key == translator.KEY:
        row.translator_url = f"{simulator}{translator.PATH}"
        row.save()


@audited
def _add_bucket(row: StorageSettings, simulator: str) -> None:
    """Name the bucket; pictures stay in the data folder until a person moves them."""
    if not row.access_key:
        row.access_key, row.secret_key = bucket.KEY_ID, bucket.SECRET
        row.bucket, row.region = bucket.NAME, bucket.REGION
        row.bucket_names = BucketNames.PATH
    if row.access_key == bucket.KEY_ID:
        row.endpoint = f"{simulator}{bucket.BASE}"
        row.save()


def new_password() -> str:
    return reset_password(User.objects.get(username=ADMIN_NAME))


def new_key() -> str:
    """Make the API key of this run; the key of the previous run ends."""
    operator = User.objects.get(username=ADMIN_NAME)
    ApiKey.objects.filter(owner=operator, name=KEY_NAME).delete()
    return create_key(operator, name=KEY_NAME)
