"""Turns that are nothing but a number: a telephone's, a date, how many people."""

import re

from blastoff_pipecat.relay.small_talk import MOST_WORDS, listed, reached, words_of

_NUMBERS = """
    0 / zero / oh / one / two / three / four / five / six / seven / eight / nine / ten / eleven
    / twelve / thirteen / fourteen / fifteen / sixteen / seventeen / eighteen / nineteen / twenty
    / thirty / forty / fifty / sixty / seventy / eighty / ninety / hundred / thousand / double
    / triple / first / second / third / fourth / fifth / null / eins / ein / zwei / zwo / drei
    / vier / fünf / sechs / sieben / acht / neun / zehn / elf / zwölf / zwanzig / dreißig
    / hundert / zéro / un / deux / trois / quatre / cinq / sept / huit / neuf / dix / onze
    / douze / treize / quatorze / quinze / seize / vingt / trente / quarante / cinquante
    / soixante / cent / cero / uno / dos / tres / cuatro / cinco / seis / siete / ocho / nueve
    / diez / once / doce / veinte / treinta / cuarenta / cincuenta / sesenta / cien / doscientos
    / trescientos / quinientos / mil / due / tre / quattro / cinque / sei / sette / otto / nove
    / dieci / undici / dodici / venti / trenta / cento / mille / um / uma / dois / duas / três
    / quatro / sete / oito / dez / meia / doze / vinte / trinta / cem / nul / een / twee / drie
    / vijf / zes / zeven / negen / tien / twaalf / twintig / dertig / honderd / duizend / jeden
    / dwa / trzy / cztery / pięć / sześć / siedem / osiem / dziewięć / dziesięć / dwadzieścia
    / trzydzieści / sto / tysiąc / ноль / один / два / три / четыре / пять / шесть / семь
    / восемь / девять / десять / одиннадцать / двенадцать / двадцать / тридцать / сорок
    / пятьдесят / шестьдесят / семьдесят / восемьдесят / девяносто / сто / двести / триста
    / четыреста / пятьсот / шестьсот / семьсот / восемьсот / девятьсот / тысяча / صفر / واحد
    / اثنان / ثلاثة / أربعة / خمسة / ستة / سبعة / ثمانية / تسعة / عشرة / مئة / ألف / शून्य / एक
    / दो / तीन / चार / पांच / छह / छः / सात / आठ / नौ / दस / बीस / तीस / सौ / हजार / 零 / 〇 / 一
    / 二 / 三 / 四 / 五 / 六 / 七 / 八 / 九 / 十 / 百 / 千 / 万 / 幺 / 两 / ゼロ / れい / いち
    / に / さん / よん / し / ご / ろく / なな / しち / はち / きゅう / く / じゅう / 영 / 공
    / 일 / 이 / 삼 / 사 / 오 / 육 / 칠 / 팔 / 구 / 십 / 백 / 천 / 만"""
_AROUND_NUMBERS = """
    of / apartment / flat / suite / it's / it is / the / my / number / number is / number's
    / phone number / phone number is / code / code is / zip code / zip code is / pin / pin is
    / room / order number / order number is / account number / at / on / o'clock / a m / p m / am
    / pm / dash / point / and / a / minus / es ist / ist / die / der / um / uhr / nummer / meine
    / meine nummer / und / le / la / el / il / numéro / mon numéro / c'est / c'est le / es
    / es el / número / mi número / y / e / número é / é / numero / het is / de / en / i / это
    / номер / мой номер / и / رقم / رقمي / هو / و / है / नंबर / मेरा / 号 / 点 / 是 / 我的 / 电话
    / 号码 / の / です / 番 / 番号は / 번 / 이에요 / 입니다 / please / bitte / s'il vous plaît
    / por favor / people / persons / guests / of us / years old / personen / personas / personnes
    / january / february / march / april / may / june / july / august / september / october
    / november / december / januar / februar / märz / mai / juni / juli / oktober / dezember
    / enero / febrero / marzo / abril / mayo / junio / julio / agosto / septiembre / octubre
    / noviembre / diciembre / janvier / février / mars / avril / juin / juillet / août
    / septembre / octobre / novembre / décembre"""

# German and Italian numbers of more than one part, spelt as `words_of` spells.
_compound = re.compile(
    "(?:ein|zwei|drei|vier|funf|sech|sechs|sieb|sieben|acht|neun|zehn|zwanzig|dreissig|zig|hundert"
    "|tausend|und){2,}"
    "|(?:due|tre|quattro|cinque|sei|sette|otto|nove|cento|mila|mille|venti?|trenta?|quaranta?"
    "|cinquanta?|sessanta?|settanta?|ottanta?|novanta?|uno){2,}"
)

_numbers, _around_numbers = listed(_NUMBERS), listed(_AROUND_NUMBERS)


def is_number(text: str) -> bool:
    """Tell whether a turn is nothing but a number, and what it is the number of."""
    words = [
        "0" if word[0].isdigit() or _compound.fullmatch(word) else word for word in words_of(text)
    ]
    if "?" in text or "？" in text or len(words) > MOST_WORDS:
        return False
    whole = len(words) in reached(words, _numbers | _around_numbers)
    return whole and any(
        " ".join(words[start:end]) in _numbers
        for start in range(len(words))
        for end in range(start + 1, min(start + 3, len(words)) + 1)
    )
