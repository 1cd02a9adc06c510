// Says why a passkey did not work, and hides the button where none can work.
const said = document.getElementById("passkey-said");
if (!window.PublicKeyCredential) {
  for (const each of document.querySelectorAll("[data-passkey]")) each.hidden = true;
}
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const name = event.detail.exception?.name ?? "Error";
  said.textContent = `${said.dataset.text} (${name})`;
  said.hidden = false;
});
