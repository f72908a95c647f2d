// Opens the menu of a narrow screen. Without this script the button is a link to the menu.
document.addEventListener("click", (e) => {
  const menu = e.target.closest(".menu");
  if (!menu) return;
  e.preventDefault();
  const open = menu.closest(".side").classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});
