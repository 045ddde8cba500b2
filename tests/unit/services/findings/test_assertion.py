"""The texts are in the words of patients and of records; `+` is present, `-` absent and `?` unknown.

One file, because the tables of both languages are read side by side.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.text import tokenize
from services.findings.assertion import Status, assert_matches
from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon

TERMS = {
    "chest-pain": (
        "chest pain",
        "pain in my chest",
        "chest hurts",
        "chest tightness",
        "胸痛",
        "胸口痛",
        "胸口疼",
        "胸闷",
    ),
    "breathless": (
        "short of breath",
        "shortness of breath",
        "breathless",
        "cannot breathe",
        "cant breathe",
        "difficulty breathing",
        "trouble breathing",
        "呼吸困难",
        "气短",
        "喘不上气",
        "气促",
    ),
    "fever": ("fever", "high temperature", "feverish", "发热", "发烧", "高热"),
    "cough": ("cough", "咳嗽", "干咳"),
    "vomiting": ("vomit", "throwing up", "呕吐"),
    "nausea": ("nausea", "nauseous", "恶心"),
    "diarrhea": ("diarrhea", "diarrhoea", "腹泻", "拉肚子"),
    "headache": ("headache", "head hurts", "头痛", "头疼"),
    "bleeding": ("bleed", "bled", "blood", "出血", "流血"),
    "coughing-blood": ("coughing up blood", "hemoptysis", "咯血", "咳血"),
    "bloody-stool": ("blood in stool", "black stool", "black stools", "便血", "黑便"),
    "rash": ("rash", "皮疹"),
    "weakness": ("weakness", "weak", "无力", "乏力"),
    "stiff-neck": ("stiff neck", "neck stiffness", "颈项强直", "脖子僵硬"),
    "confusion": ("confused", "confusion", "意识模糊", "神志不清"),
    "faint": ("faint", "passed out", "collapsed", "晕倒", "昏厥", "晕厥"),
    "abdominal-pain": ("abdominal pain", "stomach pain", "belly pain", "腹痛", "肚子痛"),
    "sweating": ("sweating", "sweats", "出汗", "冷汗"),
    "palpitations": ("palpitations", "心悸", "心慌"),
    "seizure": ("seizure", "convulsion", "抽搐", "惊厥"),
    "suicidal": ("suicidal", "want to die", "kill myself", "自杀", "想死"),
    "heart-attack": ("heart attack", "心梗", "心肌梗死"),
    "dizzy": ("dizzy", "dizziness", "头晕"),
    "no-urine": ("no urine", "无尿"),
    "numb": ("numbness", "numb", "麻木"),
    "smoking": ("smoke", "smoker", "吸烟", "抽烟"),
}
LEXICON = Lexicon(Concept(name, {"en": name}, {"en": terms}, Kind.SYMPTOM) for name, terms in TERMS.items())

ENGLISH = [
    ("I have no chest pain.", "-chest-pain"),
    ("If I ever get chest pain and cannot breathe what should I do?", "?chest-pain ?breathless"),
    ("What should I do if someone has a seizure?", "?seizure"),
    ("If I lie down I get chest pain", "+chest-pain"),
    ("What should I do if my chest pain gets worse?", "+chest-pain"),
    ("If someone touches my belly I start vomiting", "+vomiting"),
    ("I read about seizures online", "?seizure"),
    ("I had a weird dream that I collapsed", "?faint"),
    ("I saw someone collapse yesterday", "?faint"),
    ("I watched a tv show on heart attack", "?heart-attack"),
    ("Would that be a heart attack?", "?heart-attack"),
    ("What are the signs of a heart attack", "?heart-attack"),
    ("Epilepsy well controlled, last seizure six years ago.", "?seizure"),
    ("He had a seizure once as a child", "?seizure"),
    ("When I was 12 I had a seizure", "?seizure"),
    ("I passed out in 2015", "?faint"),
    ("The chest pain started two years ago", "+chest-pain"),
    ("chest pain and breathless since last year", "+chest-pain +breathless"),
    ("chest pain, worse now than years ago", "+chest-pain"),
    ("chest pain again after the stent two years ago", "+chest-pain"),
    ("Not thinking of suicidal acts", "-suicidal"),
    ("No thoughts of wanting to harm, I want to die", "+suicidal"),
    ("I am not on any pill, chest pain today", "+chest-pain"),
    ("No fever, cough or chest pain.", "-fever -cough -chest-pain"),
    ("No fever, no cough, but chest pain.", "-fever -cough +chest-pain"),
    ("No fever, chest pain.", "-fever +chest-pain"),
    ("No fever, chest pain since this morning.", "-fever +chest-pain"),
    ("No fever, severe chest pain and short of breath.", "-fever +chest-pain +breathless"),
    ("No fever. Chest pain.", "-fever +chest-pain"),
    ("I can't stop vomiting", "+vomiting"),
    ("He cannot stop coughing, no fever", "+cough -fever"),
    ("She can't stop throwing up and has no fever", "+vomiting -fever"),
    ("I fainted without warning", "+faint"),
    ("Without warning I had chest pain", "+chest-pain"),
    ("Not only chest pain but also vomiting", "+chest-pain +vomiting"),
    ("No cough but I can't breathe", "-cough +breathless"),
    ("I can't breathe", "+breathless"),
    ("I don't have a fever but my chest hurts", "-fever +chest-pain"),
    ("I don't have a fever, my chest hurts", "-fever +chest-pain"),
    ("No fever and I am short of breath", "-fever +breathless"),
    ("Denies fever, cough, chest pain and vomiting.", "-fever -cough -chest-pain -vomiting"),
    ("Denies fever, reports chest pain", "-fever +chest-pain"),
    ("Denies fever. Has chest pain.", "-fever +chest-pain"),
    ("Denies fever, now vomiting blood", "-fever +vomiting"),
    ("Fever: no. Chest pain: yes.", "-fever +chest-pain"),
    ("Chest pain: yes. Fever: no.", "-fever +chest-pain"),
    ("Cough absent, fever present", "-cough +fever"),
    ("My mother had a heart attack. I have chest pain.", "+chest-pain ?heart-attack"),
    ("My mother has chest pain", "+chest-pain"),
    ("Chest pain not relieved by rest", "+chest-pain"),
    ("My chest pain is not going away", "+chest-pain"),
    ("chest pain that is not improving", "+chest-pain"),
    ("Pain killers did not help my headache", "+headache"),
    ("The fever will not come down", "+fever"),
    ("The fever won't go away", "+fever"),
    ("The bleeding won't stop", "+bleeding"),
    ("I can't control the bleeding", "+bleeding"),
    ("Not able to keep water down because of vomiting", "+vomiting"),
    ("He is not responding, had a seizure", "+seizure"),
    ("My baby won't drink and has a fever", "+fever"),
    ("Not drinking, fever 40", "+fever"),
    ("Cannot move my arm, numbness too", "+numb"),
    ("Can't lift my arm and numbness in face", "+numb"),
    ("No wonder I have chest pain", "+chest-pain"),
    ("no better, still vomiting", "+vomiting"),
    ("There is nothing that stops the vomiting", "+vomiting"),
    ("nothing but vomiting all day", "+vomiting"),
    ("nonstop coughing", "+cough"),
    ("I do not know why I have chest pain", "+chest-pain"),
    ("I don't know why I have chest pain", "+chest-pain"),
    ("I'm not sure if I have a fever", "?fever"),
    ("I am not a smoker but I have chest pain", "-smoking +chest-pain"),
    ("I don't smoke, chest pain today", "-smoking +chest-pain"),
    ("Nonsmoker with chest pain", "+chest-pain"),
    ("Not pregnant, abdominal pain and bleeding", "+abdominal-pain +bleeding"),
    ("No allergies, chest pain, sweating", "+chest-pain +sweating"),
    ("No known allergies with chest pain", "+chest-pain"),
    ("No previous illnesses. Chest pain or pressure today", "+chest-pain"),
    ("without fever or rash", "-fever -rash"),
    ("headache without fever", "+headache -fever"),
    ("without fever but with rash", "-fever +rash"),
    ("neither fever nor cough", "-fever -cough"),
    ("chest pain without shortness of breath, nausea, or sweating", "+chest-pain -breathless -nausea -sweating"),
    ("No shortness of breath, no chest pain, no palpitations.", "-breathless -chest-pain -palpitations"),
    ("I do not have chest pain, shortness of breath, or sweating", "-chest-pain -breathless -sweating"),
    ("I do not have any chest pain, or shortness of breath", "-chest-pain -breathless"),
    ("There is no blood in stool, and no vomiting", "-bloody-stool -vomiting"),
    ("no vomiting, diarrhoea", "-vomiting"),
    ("Cough, no fever, vomiting", "+cough -fever +vomiting"),
    ("I had chest pain yesterday but not today", "+chest-pain"),
    ("My headache is not that bad but I vomited", "+headache +vomiting"),
    ("the headache isn't going away", "+headache"),
    ("Why won't my chest pain go away?", "+chest-pain"),
    ("Is it a heart attack? I have chest pain", "+chest-pain"),
    ("I'm worried because I have chest pain", "+chest-pain"),
    ("if I cough I get chest pain", "+cough +chest-pain"),
    ("don't know if it's important, but I have chest pain", "+chest-pain"),
    ("I don't want to die", "-suicidal"),
    ("I want to die, no pain", "+suicidal"),
    ("I no longer want to live, suicidal", "+suicidal"),
    ("I can't go on, I'm suicidal", "+suicidal"),
    ("no fever just chest pain", "-fever +chest-pain"),
    ("no fever, only chest pain", "-fever +chest-pain"),
    ("No symptoms except chest pain", "+chest-pain"),
    ("nothing except chest pain", "+chest-pain"),
    ("No complaints aside from chest pain", "+chest-pain"),
    ("no symptoms unless I climb stairs then chest pain", "+chest-pain"),
    ("not related to food, the chest pain comes and goes", "+chest-pain"),
    ("chest pain not related to exertion", "+chest-pain"),
    ("Not just a headache, also a stiff neck", "+headache +stiff-neck"),
    ("not feeling well, chest pain", "+chest-pain"),
    ("I don't feel good, chest pain", "+chest-pain"),
    ("no fever/cough/chest pain", "-fever -cough -chest-pain"),
    ("no fever; chest pain", "+chest-pain -fever"),
    ("No fever – but chest pain", "-fever +chest-pain"),
    ("fever - , cough +", "+cough"),
    ("chest pain, heart attack was ruled out", "+chest-pain -heart-attack"),
    ("heart attack ruled out but still chest pain", "+chest-pain"),
    ("The test was negative but chest pain persists", "+chest-pain"),
    ("Fever and cough, covid test negative", "+fever +cough"),
    ("chest pain is not usually this bad", "+chest-pain"),
    ("Chest pain is often absent in the elderly", "-chest-pain"),
    ("Free of fever for two days, now chest pain", "+chest-pain"),
    ("Fever has resolved but cough continues", "+cough"),
    ("no chest pain at rest, chest pain on exertion", "+chest-pain"),
    ("chest pain only when walking, not at rest", "+chest-pain"),
    ("no chest pain now, had chest pain this morning", "+chest-pain"),
    ("I can not stop the bleeding", "+bleeding"),
    ("bleeding does not stop", "+bleeding"),
    ("bleeding that doesn't stop with pressure", "+bleeding"),
    ("The nosebleed: blood not stopping", "+bleeding"),
    ("he is not breathing normally, seizure", "+seizure"),
    ("she doesnt recognize us, confused", "+confusion"),
    ("I dont have fever", "-fever"),
    ("I havent got a fever", "-fever"),
    ("I didnt cough but have chest pain", "-cough +chest-pain"),
    ("Don't have chest pain", "-chest-pain"),
    ("No one helped when I had chest pain", "+chest-pain"),
    ("No matter what I do the chest pain stays", "+chest-pain"),
    ("I was not able to walk because of chest pain", "+chest-pain"),
    ("Unable to sleep with chest pain", "+chest-pain"),
    ("I can't sleep with this chest pain", "+chest-pain"),
    ("cannot lie flat because short of breath", "+breathless"),
    ("don't think it is a heart attack but chest pain is there", "+chest-pain"),
    ("No urine since yesterday and vomiting", "+no-urine +vomiting"),
]

CHINESE = [
    ("无胸痛。", "-chest-pain"),
    ("无发热、咳嗽、胸痛。", "-fever -cough -chest-pain"),
    ("无发热，有胸痛。", "-fever +chest-pain"),
    ("无发热，胸痛。", "-fever +chest-pain"),
    ("无发热，胸痛2小时。", "-fever +chest-pain"),
    ("没有发烧，但是胸口疼", "-fever +chest-pain"),
    ("没有发烧但胸口疼", "-fever +chest-pain"),
    ("不发烧，胸口疼", "-fever +chest-pain"),
    ("不咳嗽也不发烧，就是胸闷", "-cough -fever +chest-pain"),
    ("不发烧就是胸口疼", "-fever +chest-pain"),
    ("没有别的症状，就是胸痛", "+chest-pain"),
    ("除胸痛外无其他不适", "+chest-pain"),
    ("除了胸痛外没有发热", "+chest-pain -fever"),
    ("除胸痛外，无发热、咳嗽", "+chest-pain -fever -cough"),
    ("除胸痛以外，余无不适", "+chest-pain"),
    ("无其他不适，除了胸痛", "+chest-pain"),
    ("无明显诱因出现胸痛", "+chest-pain"),
    ("无明显诱因胸痛2小时", "+chest-pain"),
    ("无诱因胸痛", "+chest-pain"),
    ("无任何诱因突发胸痛", "+chest-pain"),
    ("无外伤史，突发头痛", "+headache"),
    ("无故晕倒", "+faint"),
    ("无缘无故晕倒", "+faint"),
    ("无缘无故地胸痛", "+chest-pain"),
    ("不明原因发热", "+fever"),
    ("不知道为什么胸痛", "+chest-pain"),
    ("不知什么原因胸痛", "+chest-pain"),
    ("不知怎么的胸口疼", "+chest-pain"),
    ("咳嗽不止", "+cough"),
    ("不停呕吐", "+vomiting"),
    ("不停地呕吐", "+vomiting"),
    ("不断呕吐", "+vomiting"),
    ("止不住地呕吐", "+vomiting"),
    ("忍不住咳嗽", "+cough"),
    ("控制不住咳嗽", "+cough"),
    ("不住咳嗽", "+cough"),
    ("不时头痛", "+headache"),
    ("不时胸痛", "+chest-pain"),
    ("不定时胸痛", "+chest-pain"),
    ("时不时胸痛", "+chest-pain"),
    ("动不动就胸痛", "+chest-pain"),
    ("不动也胸痛", "+chest-pain"),
    ("不动也气短", "+breathless"),
    ("不活动时也胸痛", "+chest-pain"),
    ("不吃药就发烧", "+fever"),
    ("不吃药就头痛", "+headache"),
    ("不仅胸痛，还呕吐", "+chest-pain +vomiting"),
    ("不但胸痛而且出汗", "+chest-pain +sweating"),
    ("不光胸痛还出汗", "+chest-pain +sweating"),
    ("不单胸痛还出汗", "+chest-pain +sweating"),
    ("不是一般的头痛", "+headache"),
    ("不是普通的头痛，是炸裂样", "+headache"),
    ("不是头痛，是头晕", "-headache +dizzy"),
    ("这个胸痛会不会是心梗", "+chest-pain ?heart-attack"),
    ("胸痛有没有事", "+chest-pain"),
    ("发热：无；胸痛：有", "-fever +chest-pain"),
    ("胸痛：有，发热：无", "+chest-pain -fever"),
    ("胸痛(+)，发热(-)", "+chest-pain -fever"),
    ("发热(-)，胸痛(+)", "+chest-pain -fever"),
    ("发热、咳嗽均无", "-fever -cough"),
    ("发热、咳嗽均无，但胸痛明显", "-fever -cough +chest-pain"),
    ("胸痛，发热咳嗽均无", "+chest-pain -fever -cough"),
    ("胸痛明显，咳嗽不明显", "+chest-pain"),
    ("否认发热、咳嗽、胸痛", "-fever -cough -chest-pain"),
    ("否认发热。胸痛1小时。", "-fever +chest-pain"),
    ("我妈妈有心梗，我胸痛", "+chest-pain"),
    ("我爸爸胸痛出汗", "+chest-pain +sweating"),
    ("没有呕吐、腹泻，肚子痛得厉害", "-vomiting -diarrhea +abdominal-pain"),
    ("没有力气，胸痛", "+chest-pain"),
    ("没有胃口，肚子痛", "+abdominal-pain"),
    ("没精神，发烧", "+fever"),
    ("没睡好，头痛", "+headache"),
    ("没吃饭，头晕出冷汗", "+dizzy +sweating"),
    ("没多久就晕倒", "+faint"),
    ("没完没了地咳嗽", "+cough"),
    ("没法呼吸，胸痛", "+chest-pain"),
    ("没办法睡觉，咳嗽", "+cough"),
    ("出血没有停止", "+bleeding"),
    ("出血止不住", "+bleeding"),
    ("吃了药没有退烧，还在发烧", "+fever"),
    ("吃药后头痛没有缓解", "+headache"),
    ("头痛没好", "+headache"),
    ("头痛一直没有好转", "+headache"),
    ("发热未退", "+fever"),
    ("体温不降，发热不退", "+fever"),
    ("胸痛没有减轻", "+chest-pain"),
    ("休息后不缓解的胸痛", "+chest-pain"),
    ("不缓解的胸痛", "+chest-pain"),
    ("不能缓解的胸痛", "+chest-pain"),
    ("未缓解的胸痛", "+chest-pain"),
    ("未治疗，胸痛加重", "+chest-pain"),
    ("未予重视，后胸痛加重", "+chest-pain"),
    ("未就诊，今日咯血", "+coughing-blood"),
    ("未进食，腹痛", "+abdominal-pain"),
    ("无法忍受的头痛", "+headache"),
    ("无法入睡，胸痛", "+chest-pain"),
    ("无论怎么躺都胸痛", "+chest-pain"),
    ("无力、发热", "+weakness +fever"),
    ("四肢无力伴胸痛", "+weakness +chest-pain"),
    ("无症状血尿，发热", "+fever"),
    ("无尿伴呕吐", "+no-urine +vomiting"),
    ("无汗，发热", "+fever"),
    ("无外伤出现鼻出血", "+bleeding"),
    ("无既往史，胸痛", "+chest-pain"),
    ("既往无特殊，胸痛2小时", "+chest-pain"),
    ("无不适，突然胸痛", "+chest-pain"),
    ("平时没什么病，突然晕倒", "+faint"),
    ("没有怀孕，腹痛出血", "+abdominal-pain +bleeding"),
    ("不抽烟，咳嗽，咳血", "+cough +coughing-blood"),
    ("不吸烟不喝酒胸痛三天", "+chest-pain -smoking"),
    ("从不吸烟，胸痛", "-smoking +chest-pain"),
    ("不想活了，想死", "+suicidal"),
    ("不想活，想自杀", "+suicidal"),
    ("我不想死", "-suicidal"),
    ("不会自杀", "-suicidal"),
    ("不敢动，一动就胸痛", "+chest-pain"),
    ("不敢呼吸一吸气就胸痛", "+chest-pain"),
    ("不能平卧，气促", "+breathless"),
    ("不能平卧伴气促", "+breathless"),
    ("不能说话，麻木", "+numb"),
    ("不会说话了，右手麻木", "+numb"),
    ("不吃不喝，发烧", "+fever"),
    ("不吃奶，抽搐", "+seizure"),
    ("孩子不吃奶发热", "+fever"),
    ("不想吃饭，恶心", "+nausea"),
    ("不想吃饭恶心呕吐", "+nausea +vomiting"),
    ("吃不下饭恶心", "+nausea"),
    ("睡不着，心慌", "+palpitations"),
    ("不舒服，胸痛", "+chest-pain"),
    ("不舒服胸痛", "+chest-pain"),
    ("身体不适，头痛", "+headache"),
    ("胸痛，不伴发热", "+chest-pain -fever"),
    ("胸痛不伴发热、咳嗽", "+chest-pain -fever -cough"),
    ("咳嗽，无痰，胸痛", "+cough +chest-pain"),
    ("咳嗽，无发热、胸痛、咯血", "+cough -fever -chest-pain -coughing-blood"),
    ("咳嗽无发热", "+cough -fever"),
    ("无发热及胸痛", "-fever -chest-pain"),
    ("无发热、无胸痛、无咯血，有呕吐", "-fever -chest-pain -coughing-blood +vomiting"),
    ("无发热，无胸痛，呕吐3次", "-fever -chest-pain +vomiting"),
    ("没有发热，也没有胸痛", "-fever -chest-pain"),
    ("没有发热，也不咳嗽", "-fever -cough"),
    ("没有发热，也没有咳嗽，但是头痛、脖子僵硬", "-fever -cough +headache +stiff-neck"),
    ("无发热，咳嗽，胸痛等", "-fever"),
    ("无发热或咳嗽，呼吸困难", "-fever -cough +breathless"),
    ("无恶心，或呕吐", "-nausea -vomiting"),
    ("无发热伴胸痛", "+chest-pain"),
    ("胸痛无放射", "+chest-pain"),
    ("胸痛无加重", "+chest-pain"),
    ("胸痛没有", "-chest-pain"),
    ("胸痛没有那么厉害了", "+chest-pain"),
    ("头痛不厉害", "+headache"),
    ("胸痛，新冠阴性", "+chest-pain"),
    ("发热咳嗽，核酸检测阴性", "+fever +cough"),
    ("发热，流感检测阴性，咳嗽", "+fever +cough"),
    ("不咳嗽不发烧", "-cough -fever"),
    ("不怎么咳嗽", "-cough"),
    ("不太咳嗽了", "-cough"),
    ("不咳嗽了，但胸痛", "-cough +chest-pain"),
    ("并无胸痛", "-chest-pain"),
    ("未见皮疹", "-rash"),
    ("未诉胸痛", "-chest-pain"),
    ("无抽搐、意识模糊", "-seizure -confusion"),
    ("昨天没有胸痛，今天胸痛", "+chest-pain"),
    ("原来没病昨晚突然胸痛", "+chest-pain"),
    ("没有发烧 头痛 呕吐", "-fever"),
    ("没发烧？胸口疼！", "+chest-pain"),
    ("没有发烧（但有胸痛）", "-fever +chest-pain"),
    ("无发热/咳嗽", "-fever -cough"),
    ("不发烧,胸口疼,喘不上气", "-fever +chest-pain +breathless"),
    ("否认发热,胸口疼", "-fever"),
    ("血压不稳，头痛", "+headache"),
    ("不规则出血", "+bleeding"),
    ("不规则阴道出血", "+bleeding"),
    ("不同程度的头痛", "+headache"),
    ("不自主抽搐", "+seizure"),
    ("不全性晕厥", "+faint"),
    ("不小心摔了头出血", "+bleeding"),
    ("不小心割到手流血不止", "+bleeding"),
    ("不久出现胸痛", "+chest-pain"),
    ("不久后晕倒", "+faint"),
    ("不一会儿就呕吐", "+vomiting"),
    ("不得了了，胸痛", "+chest-pain"),
    ("受不了的头痛", "+headache"),
    ("疼得受不了，胸痛", "+chest-pain"),
    ("要不要紧，胸痛", "+chest-pain"),
    ("差不多胸痛一天", "+chest-pain"),
    ("对不起，我胸痛", "+chest-pain"),
    ("不好意思，我便血", "+bloody-stool"),
    ("特别是胸痛", "+chest-pain"),
    ("我没事，就是咳血", "+coughing-blood"),
    ("没有预兆突然晕倒", "+faint"),
    ("非常胸痛", "+chest-pain"),
    ("不排除心梗，胸痛", "+chest-pain"),
    ("不得不因胸痛停下", "+chest-pain"),
    ("不可忍受的头痛", "+headache"),
    ("不可抑制的呕吐", "+vomiting"),
]


def statuses(text):
    found = extract(text, LEXICON)
    sides = {"+": found.present, "-": found.absent, "?": found.unknown}
    return {f"{sign}{finding}" for sign, side in sides.items() for finding in side}


@pytest.mark.parametrize(("text", "expected"), ENGLISH)
def test_an_english_text_says_what_is_there(text, expected):
    assert set(expected.split()) <= statuses(text)


@pytest.mark.parametrize(("text", "expected"), CHINESE)
def test_a_chinese_text_says_what_is_there(text, expected):
    assert set(expected.split()) <= statuses(text)


def each(text):
    """The status of every match, in the order of the text."""
    tokens = tokenize(text)
    return assert_matches(text, tokens, LEXICON.match(text, tokens))


def test_each_mention_has_a_status_of_its_own():
    assert each("No cough yesterday. Cough today.") == [Status.ABSENT, Status.PRESENT]
    assert each("昨日无咳嗽。今日咳嗽。") == [Status.ABSENT, Status.PRESENT]


def test_no_matches_have_no_statuses():
    assert assert_matches("no cough", tokenize("no cough"), []) == []


def test_a_negation_inside_a_findings_own_name_negates_nothing():
    assert each("no urine and vomiting") == [Status.PRESENT, Status.PRESENT]
    assert each("无尿，呕吐") == [Status.PRESENT, Status.PRESENT]


@pytest.mark.parametrize("end", [".", ";", "!", "?", "\n", "。", "；", "！", "？"])
def test_a_negation_ends_with_its_sentence(end):
    assert each(f"no cough{end} fever") == [Status.ABSENT, Status.PRESENT]


def test_who_writes_only_of_a_relative_writes_of_the_patient():
    assert each("My mother has chest pain.") == [Status.PRESENT]
    assert each("妈妈胸痛。") == [Status.PRESENT]


NAMES = st.sampled_from(["cough", "fever", "chest pain", "咳嗽", "发热", "胸痛"])
PIECES = st.lists(
    st.sampled_from(["no ", "not ", "无", "不", "but ", "但", ", ", "，", ". ", "。", "or ", "and ", "什么", "the "])
    | NAMES,
    max_size=12,
).map("".join)


@given(PIECES)
def test_every_match_has_one_status(text):
    tokens = tokenize(text)
    assert len(each(text)) == len(LEXICON.match(text, tokens))


@given(st.lists(NAMES, max_size=6), st.sampled_from([", ", " and ", "、", ". ", "\n"]))
def test_what_is_only_listed_is_present(names, between):
    assert set(each(between.join(names))) <= {Status.PRESENT}


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_what_is_denied_in_a_list_is_absent(names):
    assert set(each("Denies " + ", ".join(names) + ".")) == {Status.ABSENT}
    assert set(each("否认" + "、".join(names) + "。")) == {Status.ABSENT}


@given(PIECES, PIECES)
def test_a_sentence_does_not_change_those_before_and_after_it(first, second):
    assert each(f"{first}\n{second}") == each(first) + each(second)


def test_a_long_list_before_its_negation_is_negated_as_a_whole():
    assert set(each("、".join(["咳嗽", "发热", "腹痛", "头痛", "恶心"] * 8) + "均无")) == {Status.ABSENT}


@pytest.mark.parametrize(
    "text",
    [
        "要是发烧该怎么办？想提前了解一下",
        "万一以后孩子发烧，第一时间该做什么",
        "听说打了针会发烧",
        "网上说胸痛很危险",
        "我二舅上个月发烧走的",
        "怎么预防咳嗽",
        "咳嗽的症状有哪些",
    ],
)
def test_what_is_supposed_or_told_of_others_is_open(text):
    assert Status.PRESENT not in each(text)


@pytest.mark.parametrize(
    "text",
    [
        "如果一走路就胸痛，该怎么办",
        "要是再发烧怎么办",
        "我爸走了两步就胸痛",
        "刷视频的时候突然胸痛",
        "去年开始胸痛",
        "以前也胸痛过，今天又胸痛",
    ],
)
def test_what_recurs_or_depends_on_something_is_said_of_now(text):
    assert Status.PRESENT in each(text)


@pytest.mark.parametrize("text", ["小时候胸痛过", "三年前咳嗽，早好了", "以前发烧过一次"])
def test_what_a_chinese_text_tells_of_long_ago_is_open(text):
    assert set(each(text)) == {Status.UNKNOWN}


def test_a_medicine_that_is_not_taken_is_absent():
    assert each("没吃发烧药") == [Status.ABSENT]


@pytest.mark.parametrize("text", ["老人没说胸口疼", "孩子不说胸痛", "没有想自杀", "发烧那种也没有", "没有发烧的咳嗽"])
def test_more_chinese_negations(text):
    assert Status.PRESENT not in each(text)


@pytest.mark.parametrize(
    "text",
    [
        "五年前胸痛过，做了手术，后来没再犯",
        "去年又咳又发烧住了院，现在好好的，想问疫苗几岁打",
        "上个月胸痛，医生说没事，想问能不能坐飞机",
        "护理考试题：胸痛和咳嗽怎么区分，求解析",
        "请问什么叫呼吸困难，我没症状",
    ],
)
def test_what_is_over_or_only_of_interest_is_open(text):
    assert set(each(text)) <= {Status.UNKNOWN}


@pytest.mark.parametrize(
    "text",
    [
        "五年前放了支架，恢复得不错，今天胸痛",
        "上个月胸痛查了没事，现在又胸痛",
        "备考的时候突然胸痛，求解释",
        "想问一下，今天开始胸痛，我人好好的",
        "看视频的时候胸痛",
    ],
)
def test_what_is_said_of_now_beside_it_stays(text):
    assert Status.PRESENT in each(text)
