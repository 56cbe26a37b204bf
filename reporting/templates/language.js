(function () {
  "use strict";
  var root = document.documentElement, button = document.getElementById("language"), shown = "zh", places = null;
  var english = JSON.parse(document.getElementById("english").textContent);
  var forms = english.forms.map(function (form) { return [new RegExp(form[0]), form[1].split("{}")]; });

  // A text in English; undefined where it has none: a name, a document.
  function said(text) {
    if (Object.prototype.hasOwnProperty.call(english.texts, text)) return english.texts[text];
    var form = forms.find(function (form) { return form[0].test(text); });
    var parts = form && form[0].exec(text);
    return form && form[1].map(function (between, i) {
      var part = parts[i + 1];
      return between + (part === undefined ? "" : said(part) || part);
    }).join("");
  }
  // Every place of the page whose text has an English: how it is written, its Chinese, its English.
  function find() {
    var walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT), found = [];
    function add(text, write) {
      var plain = text.trim(), en = plain && said(plain.replace(/\s+/g, " "));
      if (!en) return;
      var english = text.replace(plain, function () { return en; });
      found.push({ write: write, zh: text, en: /^[.,;:)]/.test(en) ? english.trimStart() : english });
    }
    for (var node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.nodeType === Node.ELEMENT_NODE) attributes(node, add);
      else if (!/^(SCRIPT|STYLE)$/.test(node.parentNode.tagName)) add(node.nodeValue, text.bind(node));
    }
    return found;
  }
  function attributes(node, add) {
    ["title", "aria-label", "placeholder"].forEach(function (name) {
      if (node.hasAttribute(name)) add(node.getAttribute(name), node.setAttribute.bind(node, name));
    });
  }
  function text(value) { this.nodeValue = value; }
  function kept(value) {
    try {
      if (value) localStorage.setItem("landgauge-language", value);
      return localStorage.getItem("landgauge-language");
    } catch (refused) { return null; }  // some browsers refuse storage to pages opened from a folder
  }
  function show(language) {
    if (language === shown) return;
    shown = language;
    places = places || find();
    places.forEach(function (place) { place.write(place[language]); });
    root.lang = language === "en" ? "en" : "zh-CN";
    button.textContent = language === "en" ? "中文" : "English";
    button.lang = language === "en" ? "zh-CN" : "en";
    document.dispatchEvent(new Event("languageshown"));
  }
  var asked = /[?&]lang=(zh|en)\b/.exec(location.search);
  button.hidden = false;
  button.addEventListener("click", function () {
    show(shown === "en" ? "zh" : "en");
    kept(shown);
  });
  show(asked ? asked[1] : kept() === "en" ? "en" : "zh");
})();
