// Asks the authenticator of the browser for a passkey. Without this script, and where a browser has no passkeys, the form
// stays hidden and the password remains.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const key = window.PublicKeyCredential;
  if (!key || !key.parseRequestOptionsFromJSON || !key.parseCreationOptionsFromJSON) continue;
  form.hidden = false;
  const fault = form.querySelector("[role=alert]");
  const send = async (step, data) => {
    const answer = await fetch(form.action + step, { method: "POST", body: data });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.hidden = true;
    const data = new URLSearchParams(new FormData(form));
    try {
      const asked = (await (await send("/begin", data)).json()).publicKey;
      const made = form.dataset.passkey === "get"
        ? await navigator.credentials.get({ publicKey: key.parseRequestOptionsFromJSON(asked) })
        : await navigator.credentials.create({ publicKey: key.parseCreationOptionsFromJSON(asked) });
      data.set("credential", JSON.stringify(made.toJSON()));
      await send("/finish", data);
      location.assign(form.dataset.to);
    } catch {
      fault.hidden = false;
    }
  });
}
