"""usage: check_doc.py ID ...   (run in /work/wt-library with PYTHONPATH=/work/wt-library)"""
import re, sys
from pathlib import Path
import frontmatter
from services.findings.lexicon import load_lexicon
root = Path("/work/wt-library/guidelines")
F = load_lexicon(root/"terminology/findings.yaml"); T = load_lexicon(root/"terminology/tests.yaml"); D = load_lexicon(root/"terminology/departments.yaml")
CITE = re.compile(r"\[\^([\w-]+)\]")
EN = ["Presentation","Red flags","Differential diagnosis","Tests","Treatment principles","Self-care","Referral","Follow-up"]
ZH = ["临床表现","警示症状","鉴别诊断","检查","治疗原则","自我管理","转诊","随访"]
def sections(body):
    out = {}; name = None
    for line in body.splitlines():
        if line.startswith("## "): name = line[3:].strip(); out[name] = []
        elif line.strip() and name: out[name].append(line.strip())
    return out
for i in sys.argv[1:]:
    docs = {}
    for lang in ("en","zh"):
        p = root/f"{i}.{lang}.md"
        if not p.exists(): print(i, lang, "MISSING"); continue
        m, body = frontmatter.parse(p.read_text(encoding="utf-8")); s = sections(body); docs[lang] = (m, s)
        words = len(re.findall(r"[A-Za-z][\w'-]*", CITE.sub("", body))) if lang=="en" else len(re.findall(r"[\u4e00-\u9fff]", body))
        print(f"== {i}.{lang}: {words} {'words (500-900)' if lang=='en' else 'characters (about 900-1600)'}")
        if m.get("id") != f"{i}.{lang}": print("  id is", m.get("id"))
        expected = EN if lang=="en" else ZH
        if list(s) != expected: print("  sections are", list(s), "expected", expected)
        used = set(CITE.findall(body)); known = set(m.get("sources", {}))
        if used-known: print("  keys without source", used-known)
        if known-used: print("  sources never used", known-used)
        if len(known) < 2: print("  fewer than two sources")
        for name, lines in s.items():
            for line in lines:
                for part in re.split(r"(?<=\])\s+", line):
                    if not CITE.search(part): print("  statement without key:", part[:80])
            if name in (EN[0], ZH[0], EN[1], ZH[1]):
                for line in lines:
                    for part in re.split(r"(?<=\])\s+", line):
                        if not F.concepts_in(CITE.sub("", part)): print(f"  [{name}] names no known finding:", part[:110])
            if name in (EN[3], ZH[3]):
                for line in lines:
                    if not T.concepts_in(CITE.sub("", line)): print(f"  [{name}] names no known test:", line[:110])
            if name in (EN[6], ZH[6]) and not D.concepts_in(" ".join(lines)): print("  referral names no known department")
    if len(docs)==2:
        (me,se),(mz,sz) = docs["en"],docs["zh"]
        for k in ("condition","population","usual","onset","duration_days","frequency","urgency","department","sources","published","edition"):
            if me.get(k)!=mz.get(k): print("  front matter differs:", k)
        for a,b in zip(EN,ZH):
            ka=[sorted(CITE.findall(x)) for x in se.get(a,[])]; kb=[sorted(CITE.findall(x)) for x in sz.get(b,[])]
            if ka!=kb: print(f"  {a}: statements or keys differ ({len(ka)} / {len(kb)} lines)")
            for x,y in zip(se.get(a,[]),sz.get(b,[])):
                fx,fy=set(F.concepts_in(CITE.sub("",x))),set(F.concepts_in(CITE.sub("",y)))
                if a in ("Presentation","Red flags") and fx!=fy: print(f"  {a}: findings differ: only en {sorted(fx-fy)} only zh {sorted(fy-fx)} in: {x[:70]}")
