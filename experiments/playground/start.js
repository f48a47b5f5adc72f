// What is drawn first, and drawn again where the page changes its width or its colours.

startSettings();
startCurves();
startSimplex();
startBound();
startReplay();

function drawPage() {
  drawAll();
  drawReplay();
}

window.addEventListener("resize", drawPage);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPage);
drawPage();
