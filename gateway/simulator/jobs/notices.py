"""Catalogue of errors and notices, and the forms in which they arrive."""

from dataclasses import dataclass

from gateway.simulator.base.constants import Colour
from gateway.simulator.base.wire import Json
from gateway.simulator.state.shapes import button, embed, link_button, rows

TRACE = "harbor-lantern-pebble"


@dataclass(frozen=True)
class Notice:
    """One notice. `form` is the letter of its usual form.

    A: a message with nonce. B: an empty message, filled without nonce. C: an edit of
    the progress message. D: a reply to it. E: plain text. F: the progress message
    vanishes. G: INTERACTION_FAILURE. H: nothing at all. `{until}` in the description is
    the moment when the user may try again.
    """

    title: str
    description: str = ""
    color: Colour = Colour.RED
    form: str = "A"
    footer: str = "prompt"  # or "trace" or ""
    press: str = ""  # label of its button
    press_id: str = ""
    link: str = ""

    def embed(self, prompt: str, *, command: str = "imagine", until: int = 0) -> Json:
        footer = {"prompt": f"/{command} {prompt}", "trace": TRACE}.get(self.footer, "")
        text = self.description.replace("{until}", f"<t:{until}:R>")
        return embed(self.title, text, color=self.color, footer=footer)

    def components(self, interaction_id: str) -> list[Json]:
        line = []
        if self.press:
            custom_id = self.press_id.format(interaction_id)
            line.append(button(custom_id, self.press, style=1))
        if self.link:
            line.append(link_button("Manage plan", self.link))
        return rows(line) if line else []

    def text(self) -> str:
        """Return the notice as plain content."""
        if self.title:
            return f"{self.title}: {self.description}"
        return self.description


NOTICES = {
    "invalid_parameter": Notice(
        "Invalid parameter", "Unrecognized parameter(s): `--foo`"
    ),
    "invalid_zoom": Notice(
        "Invalid parameter", "`--zoom` must be above 1 and at most 2"
    ),
    "invalid_prompt": Notice("Invalid prompt", "This prompt cannot be understood."),
    "invalid_request": Notice("Invalid request", "This cannot be done so."),
    "prompt_too_long": Notice("Prompt too long", "Please use fewer words."),
    "empty_prompt": Notice("Empty prompt", "Write something to draw."),
    "duplicate_images": Notice(
        "Duplicate images detected", "The images must differ from each other."
    ),
    "invalid_link": Notice(
        "Invalid link", "Could not fetch the image behind the given link.", form="B"
    ),
    "bad_link": Notice("Could not validate this link", "Is it public?"),
    "unknown_job": Notice(
        "Job not found", "There is no finished job of yours with this id.", form="B"
    ),
    "no_running_job": Notice(
        "No running job", "There is no job to cancel here.", form="B", footer=""
    ),
    "banned_prompt": Notice(
        "Banned prompt detected",
        "The word `example` is banned. Trying to get around this filter may result in"
        " your access being revoked.",
    ),
    "banned_image": Notice("Banned image prompt", "This image may not be used."),
    "soft_banned": Notice(
        "Action needed to continue",
        "The AI moderators think this prompt may break the rules. Press Appeal to have"
        " it checked again.",
        press="Appeal",
        press_id="MJ::Prompts::Appeal::{}",
    ),
    "appeal_accepted": Notice(
        "Appeal accepted", "Your prompt will be drawn.", Colour.GREEN
    ),
    "appeal_rejected": Notice("Appeal rejected", "The decision stands."),
    "moderated": Notice(
        "Image denied", "Request cancelled due to image filters.", form="B"
    ),
    "input_moderated": Notice("Request cancelled due to image filters", form="B"),
    "output_moderated": Notice(
        "Request cancelled due to output filters",
        "The result was held back.",
        form="C",
    ),
    "internal": Notice(
        "Sorry, something went wrong",
        "The job encountered an error. Our team has been notified.",
        Colour.NEW_RED,
        form="D",
        footer="trace",
    ),
    "could_not_complete": Notice(
        "Sorry! Could not complete the job!",
        "The job encountered an error. Our team has been notified.",
        footer="trace",
    ),
    "internal_server_error": Notice("Internal server error", footer="trace"),
    "internal_text": Notice(
        "",
        "There was an error processing your request. Please try again later. Your"
        f" trace: `{TRACE}`",
        form="E",
    ),
    "failed_text": Notice("", "Failed to process your command", form="E"),
    "abuse_text": Notice("", "You have triggered an abuse alert", form="E"),
    "duplicate_action": Notice(
        "Slow Down!",
        "You can request another upscale for this image {until}",
        Colour.YELLOW,
        footer="",
    ),
    "queued": Notice(
        "Job queued",
        "There are already other jobs running on this account; this one starts when a"
        " slot is free.",
        Colour.YELLOW,
    ),
    "queue_full": Notice(
        "Queue full",
        "Your job queue is full. Please wait for a job to finish first, then resubmit"
        " this one.",
    ),
    "restricted": Notice(
        "Job action restricted", "You can not submit batch jobs in relax mode."
    ),
    "fast_exhausted": Notice(
        "Credits exhausted",
        "Your fast time is used up. Switch to /relax or buy more hours.",
        footer="",
        link="https://www.midjourney.com/account",
    ),
    "no_subscription": Notice(
        "Subscription required", "An active plan is needed to create images."
    ),
    "plan_cancelled": Notice("Plan Cancelled", "Your plan has ended."),
    "subscription_paused": Notice("Subscription paused", "Resume it to go on."),
    "trial_ended": Notice("Trial ended", "Subscribe to create images."),
    "mod_message": Notice(
        "Pending mod message",
        "You have a pending moderation message. Please acknowledge it before using"
        " the bot further.\n\nYou have been blocked from accessing Midjourney"
        " for 24 hours.",
        footer="",
        press="Acknowledge",
        press_id="MJ::ModMessage::Acknowledge::{}",
    ),
    "blocked": Notice(
        "Blocked",
        "You have been blocked from accessing Midjourney for 3 days.",
        footer="",
    ),
    "blocked_until": Notice(
        "Blocked",
        "You have been blocked from accessing Midjourney. Come back {until}.",
        footer="",
    ),
    "blocked_forever": Notice(
        "Blocked",
        "You have been permanently blocked from accessing Midjourney.",
        footer="",
    ),
    "complete_task": Notice(
        "Please complete the task", "Then you may go on.", Colour.AMBER, footer=""
    ),
    "verification": Notice(
        "Action required to continue",
        "Please complete the task before you go on.",
        Colour.AMBER,
        footer="",
        link="https://editor.midjourney.com/captcha/challenge/index.html",
    ),
    "tos": Notice(
        "Tos not accepted",
        "Accept the terms of service to go on.",
        footer="",
        press="Accept ToS",
        press_id="MJ::TOS::accept",
    ),
    "outage": Notice(
        "Midjourney is temporarily unavailable", "Try again later.", Colour.AMBER
    ),
    "maintenance": Notice("Maintenance", "Back in a few minutes.", Colour.AMBER),
    "unknown_error": Notice("Unexpected weather", "Nobody has seen this before."),
    "notice": Notice("By the way", "Nothing to worry about.", Colour.GREEN),
    # Forms without words of their own
    "stopped": Notice("Stopped", form="C"),
    "vanished": Notice("Vanished", form="F"),
    "no_answer": Notice("No answer", form="G"),
    "silence": Notice("Silence", form="H"),
}
