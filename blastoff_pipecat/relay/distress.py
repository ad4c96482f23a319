"""Bad news, despair and emergencies, as people tell of them.

What is looked for is what people say of themselves and theirs: "my dog died", not "when did the
dinosaurs die". It is looked for in the turn's language, wherever it stands in a turn. A table
knows no more than some ways to say a thing; what it does not know is left to the models.
"""

import re
from functools import cache

from blastoff_pipecat.relay.scripts import CLAUSE_MARKS, fold, joined

# In the patterns `…` stands for up to five words of any kind, `@` for one of a language's kin.
_KIN = {
    "en": r"""
        dog|cat|puppy|kitten|pet|hamster|horse|mother|mom|mum|father|dad|wife|husband|son
        |daughter|brother|sister|grandmother|grandma|grandfather|grandpa|friend|baby|child|kid
        |partner|boyfriend|girlfriend|uncle|aunt|cousin|nephew|niece|neighbou?r""",
    "de": r"""
        hund|hündin|katze|kater|pferd|hamster|mutter|mama|vater|papa|frau|mann|sohn|tochter
        |bruder|schwester|oma|opa|großmutter|großvater|freund|freundin|baby|kind|onkel|tante
        |partner|partnerin""",
    "fr": r"""
        chien|chienne|chat|chatte|cheval|mère|maman|père|papa|femme|mari|fils|fille|frère|sœur
        |soeur|grand-mère|mamie|grand-père|papi|ami|amie|bébé|enfant|oncle|tante|copain|copine""",
    "es": r"""
        perro|perra|perrito|gato|gata|caballo|madre|mamá|padre|papá|esposa|mujer|marido|esposo
        |hijo|hija|hermano|hermana|abuela|abuelo|amigo|amiga|bebé|niño|niña|tío|tía|novio|novia""",
    "it": r"""
        cane|gatto|gatta|cavallo|madre|mamma|padre|papà|babbo|moglie|marito|figlio|figlia
        |fratello|sorella|nonna|nonno|amico|amica|bambino|bambina|zio|zia|fidanzato|fidanzata""",
    "pt": r"""
        cachorro|cachorra|cão|cadela|gato|gata|cavalo|mãe|pai|esposa|mulher|marido|filho|filha
        |irmão|irmã|avó|avô|amigo|amiga|bebê|bebé|tio|tia|namorado|namorada""",
    "nl": r"""
        hond|kat|poes|paard|moeder|mama|vader|papa|vrouw|man|zoon|dochter|broer|zus|oma|opa
        |vriend|vriendin|baby|kind|oom|tante|partner""",
    "pl": r"""
        pies|kot|koń|mama|matka|tata|ojciec|żona|mąż|syn|córka|brat|siostra|babcia|dziadek
        |przyjaciel|przyjaciółka|dziecko|wujek|ciocia""",
    "ru": r"""
        собака|пёс|кошка|кот|мама|мать|папа|отец|жена|муж|сын|дочь|дочка|брат|сестра|бабушка
        |дедушка|друг|подруга|ребёнок|дядя|тётя""",
    "ar": "(?:والد|أب|أم|جد|أخ|زوج|ابن|كلب|قط|صديق|خال|عم)[^ ]*",
    "zh": r"""
        爸|妈|媽|父|母|爷|爺|奶|外公|外婆|姥|狗|猫|貓|老公|老婆|丈夫|妻子|儿子|兒子|女儿|女兒
        |朋友|哥|姐|弟|妹|孩子|宝宝|寶寶""",
    "ja": r"""
        父|母|祖父|祖母|夫|妻|息子|娘|兄|弟|姉|妹|犬|猫|友達|友人|おじい|おばあ|お父さん
        |お母さん|主人""",
    "ko": r"""
        아버지|어머니|아빠|엄마|할머니|할아버지|남편|아내|아들|딸|오빠|누나|언니|동생|강아지
        |고양이|친구""",
}

_TOLD = {
    "en": r"""
        (?:call|need|send|get)(?: me| us)? (?:an ambulance|the police|the fire department
        |help now)|call (?:911|999|112|nine one one)|(?:can't|cannot|can not|isn't|not
        |stopped) breath(?:e|ing)|choking|(?:is|having|had) an? (?:heart attack|stroke|seizure
        |panic attack)|my chest hurts|pains? in my chest|(?:have|having|got) chest pains?
        |unconscious|(?:he|she)(?:'s| is) not responding|@… collapsed|overdosed?
        |took an overdose|bleeding (?:a lot|badly|heavily|out)|(?:house|home|kitchen|car|flat
        |apartment|building|room)… on fire|there's a fire|there is a fire|(?:someone|somebody
        |man|men|burglar)… (?:breaking|broke) in(?:to)?|(?:has|have|with) a (?:gun|knife)
        |i(?:'ve| have| am|'m|'m being| was| got)(?: been| being| just)* (?:robbed|raped
        |attacked|mugged|stabbed|shot|fired|laid off)|help me please help|somebody help
        |kill(?:ing)? myself|(?:end|take) my (?:own )?life|end it all|suicidal|commit suicide
        |(?:want|going) to die|don't want to (?:live|be alive|be here anymore)
        |hurt(?:ing)? myself|self harm|can't go on|can't take (?:it|this) any ?more
        |no reason to live|better off (?:dead|without me)|can't stop crying|i(?:'m| am
        |'m feeling| feel) (?:so |really |very |just )?(?:scared|terrified|desperate(?! to
        | for)|hopeless|heartbroken|depressed|devastated)|everything (?:is|feels) hopeless
        |(?:my|our)… @… (?:died|passed away|passed|is dead|was killed|got killed|is dying
        |didn't make it|has cancer|was diagnosed|left me|is leaving me|is missing
        |had an accident|had a stroke)|(?:he|she|they) (?:just )?(?:died|passed away)|i(?:'ve
        | have)? (?:have|got) cancer|it's cancer|i(?:'ve| have
        | was)(?: just)?(?: been)? diagnosed with|terminally ill|miscarriage|lost (?:my
        |our) (?:job|baby|home|house|@)|(?:broke up|breaking up) with me|(?:getting
        |got) divorced|(?:got|been|was) run over|(?:was|been|had
        |were)(?: in)? an? (?:car )?(?:accident|crash)|my… funeral|hit by a (?:car|truck|bus
        |train)|(?:my|our)… @… (?:cancer|stillborn|isn't doing well|in (?:the )?hospital
        |in intensive care|hits? me|beats? me|attacked me)|killed (?:himself|herself
        |themselves)|put (?:my|our) @ (?:down|to sleep)|burn(?:ed|t) down|dumped me|got dumped
        |can't do this any ?more|blood everywhere|swallowed… (?:pills|poison|bleach|battery)
        |(?:won't|not) (?:wake|waking) up|(?:someone|somebody|man)… following me|crashed (?:my
        |our|the) car|(?:he|she)(?:'s| is) dying
        |(?:i|we)(?: can)? smell gas|smells? (?:of|like) gas|gas leak|lots? of blood
        |so much blood|smoke… (?:coming|everywhere)|(?:i|he|she|@) (?:just )?fell (?:off|from
        |down|out of)|(?:took|taken)… too many (?:pills|tablets)|(?:found|has|have|got) a tumou?r
        |brain tumou?r|(?:buried|burying) (?:my|our) @|(?:we're|we are|and i are) (?:splitting
        |breaking) up|failed (?:my|the|an) (?:\w+ )?exam|feel(?:ing)? (?:(?:so|all
        |completely|really) )?(?:alone|lonely)|i'm (?:so|all) (?:alone|lonely)|(?:nobody
        |no one) (?:would |really )?(?:miss|loves|cares about) me""",
    "de": r"""
        krankenwagen|notarzt|rettungswagen|notruf|(?:ruf\w*|hol\w*|schick\w*)… (?:polizei
        |feuerwehr|hilfe)|es brennt|brennt es|(?:haus|wohnung|küche|auto|zimmer)… brennt
        |atmet nicht|nicht mehr atmen|keine luft mehr|(?:bekomm|krieg)e?… keine luft|bewusstlos
        |herzinfarkt|schlaganfall|blutet (?:stark|sehr)|(?:wurde|worden|bin)… überfallen
        |überfallen worden|einbrecher|eingebrochen|mich umbringen|selbstmord|suizid
        |nicht mehr leben|will sterben|sterben will|ich kann (?:einfach )?nicht mehr(?= ich
        | und|$)|(?:solche|so|große|furchtbare) angst|verzweifelt|@… (?:gestorben|verstorben
        |tot|umgekommen|eingeschläfert)|(?:gestern|heute|nacht|woche)… (?:gestorben|verstorben)
        |ums leben gekommen|(?:habe|hab) krebs|ist krebs|krebs (?:diagnos|festgest)\w*
        |fehlgeburt|(?:job|arbeit|stelle|baby) verloren|gekündigt worden|mir wurde gekündigt
        |hat mich verlassen|mit mir schluss gemacht|lassen uns scheiden|(?:meiner?
        |unserer?)… beerdigung|(?:hatte|hatten|habe)… unfall|@… schluss gemacht
        |riecht… nach gas|(?:will|möchte)(?: einfach)? sterben|@… (?:im krankenhaus
        |auf der intensivstation)|überfahren worden|bewegt sich nicht|wacht nicht auf
        |einschläfern lassen|durch die (?:\w+)?prüfung gefallen|durchgefallen|so allein(?! mit)
        |ganz allein|völlig allein|(?:niemand|keiner)… vermissen|(?:sie|er|es|kind|@) erstickt
        |einen tumor""",
    "fr": r"""
        appel\w+… (?:une ambulance|la police|les pompiers|les secours|le samu|à l'aide)
        |besoin d'une ambulance|au secours|à l'aide|il y a le feu|(?:maison|cuisine|voiture
        |immeuble)… (?:en feu|brûle)|il y a un incendie|ne respire (?:plus|pas)|(?:arrive
        |peux)(?: plus| pas) à? ?respirer|inconscient\w*|crise cardiaque|un avc
        |saigne (?:beaucoup|énormément)|on m'a (?:volé|agressée?|attaquée?)|cambriol[ée]\w*
        |suicid\w*|me tuer|(?:veux|envie de) mourir|plus envie de vivre|(?:veux|envie) (?:d'en
        |en) finir|n'en peux plus|j'ai (?:très |trop |si |tellement )?peur|désespérée?|(?:mon
        |ma|mes|notre)… @… (?:est|sont|a été|vient de)… (?:morte?s?|décédée?s?|mourir|tuée?)
        |j'ai un cancer|c'est un cancer|fausse couche|perdu mon (?:travail|emploi|boulot|bébé
        |@)|(?:été|suis) (?:virée?|licenciée?)|m'a (?:quittée?|larguée?)|enterrement de (?:mon
        |ma)|(?:eu|a eu) un accident|@… (?:écrasée?|renversée?|à l'hôpital|ne bouge plus)
        |il y a eu un accident|sent le gaz|ne se réveille pas
        |enterré (?:mon|ma|mes|notre)|(?:raté|loupé) (?:mon|le) (?:examen|bac|permis)|me sens seule?
        |(?:me sens|suis) (?:si|tellement|très|trop) seule?|personne ne (?:me regretterait|m'aime)
        |s'étouffe|une tumeur""",
    "es": r"""
        (?:llam\w+|necesito|envíen|manden)… (?:una ambulancia|la policía|los bomberos)|auxilio
        |socorro|hay (?:un incendio|fuego)|(?:casa|cocina|coche|carro|edificio)… (?:ardiendo
        |en llamas|quemando)|se está quemando|no (?:respira|puede respirar|puedo respirar)
        |inconsciente|un infarto|sangra\w*… mucho|me (?:han |están |acaban de )?(?:robado
        |robaron|robando|robar|atacado|atacaron|atacando|asaltado|asaltaron)|hay (?:un ladrón
        |alguien en mi casa)|suicid\w+|matarme|(?:quiero|quisiera) morir\w*
        |no quiero (?:seguir )?vivi\w+|quitarme la vida|(?:ya )?no puedo más|ya no aguanto
        |tengo (?:mucho|tanto|muchísimo) miedo|estoy (?:muy |tan )?desesperad[oa]|(?:mi|mis
        |nuestr[oa])… @… (?:murió|falleció|ha muerto|se murió|se ha muerto|está muert[oa]
        |está muriendo|me dejó|me ha dejado)|se (?:me )?(?:murió|ha muerto)… (?:mi|nuestr[oa])
        |(?:murió|falleció)… (?:mi|nuestr[oa])|tengo cáncer|es cáncer|perdí (?:mi
        |el) (?:trabajo|empleo|bebé)|me (?:despidieron|han despedido|echaron)|(?:funeral
        |entierro) de mi|(?:tuve|tuvimos|hemos tenido|he tenido) un accidente|(?:mi
        |nuestr[oa])… @… (?:acaba de morir|se ha caído|en el hospital|atropellad[oa])
        |no (?:se mueve|reacciona|se despierta)|(?:ha habido|hubo) un accidente
        |se está ahogando|me ahogo|se quema… (?:casa|cocina|edificio)|(?:diagnosticaron
        |diagnosticado)… cáncer|huele a gas
        |(?:he suspendido|suspendí) (?:el|mi|un)|enterramos a (?:mi|nuestr[oa])|me siento (?:tan
        |muy )?sol[oa]|nadie me (?:echaría|extrañaría|quiere)|un tumor""",
    "it": r"""
        (?:chiam\w+|serve)… (?:un'ambulanza|la polizia|i pompieri|i carabinieri|aiuto)
        |c'è un incendio|va a fuoco|(?:casa|cucina|macchina)… (?:a fuoco|in fiamme)
        |non respir\w+|non riesco a respirare|incosciente|un infarto|mi (?:hanno
        |stanno)… (?:derubat|aggred|rapinat|aggress)\w*|suicid\w+|uccidermi|voglio morire
        |non voglio… vivere|farla finita|non ce la faccio più|ho (?:tanta|molta
        |così tanta) paura|disperat[oa]|(?:mio|mia|nostr[oa])… @… (?:è|sono) (?:mort|mancat
        |decedut|scompars)[oaie]|@… è venut[oa] a mancare|(?:è|sono) (?:mort|mancat
        |decedut)[oaie]… (?:mio|mia|il mio|la mia|nostr[oa])|ho (?:un |il )?(?:cancro|tumore)
        |è un tumore|perso il (?:lavoro|posto)|(?:hanno|stat[oa]) licenziat[oa]
        |mi ha lasciat[oa]|funerale di mi[oa]|(?:avuto|fatto) un incidente
        |c'è stato un incidente|@… in ospedale|non si (?:muove|sveglia)|odore di gas
        |perso (?:il |la )?(?:mio|mia) @|soffocando|(?:hanno|stat[oa]) bocciat[oa]
        |mi sento (?:così |tanto )?sol[oa]|abbiamo seppellito""",
    "pt": r"""
        (?:cham\w+|precis\w+|mand\w+)… (?:uma ambulância|a polícia|os bombeiros|o samu)|socorro
        |pegando fogo|(?:casa|cozinha|carro|prédio)… (?:em chamas|a arder)|(?:há
        |tem) um incêndio|não (?:está respirando|respira|consigo respirar|consegue respirar)
        |inconsciente|um (?:infarto|enfarte)|sangrando muito|(?:fui|fomos) (?:assaltad|roubad
        |demitid|despedid)\w+|me (?:roubaram|assaltaram)|suic\w+|me matar|quero morrer
        |não quero… viver|acabar com (?:tudo|a minha vida|minha vida)|não aguento mais|(?:muito
        |tanto) medo|desesperad[oa]|(?:meu|minha|noss[oa])… @… (?:morreu|faleceu|está mort[oa]
        |me deixou)|(?:morreu|faleceu)… (?:meu|minha)|(?:tenho|é) (?:câncer|cancro)|perdi (?:o
        |meu|o meu) (?:emprego|bebê)|(?:enterro|velório) d[oa] (?:meu|minha)|(?:sofri
        |tive) um acidente|houve um acidente|@… (?:no hospital|atropelad[oa]
        |tendo um (?:infarto|avc))|não (?:se mexe|acorda)|cheiro de gás
        |enterramos (?:o |a )?(?:meu|minha)|engasgad[oa]|engasgando|perdi (?:o |a )?(?:meu|minha) @
        |(?:reprovei|fui reprovad[oa])|me sinto (?:tão |muito )?sozinh[oa]|um tumor""",
    "nl": r"""
        (?:bel\w*|stuur|nodig)… (?:ambulance|politie|brandweer|112)|er is brand|staat in brand
        |brand in (?:mijn|het|de)|ademt niet|niet ademen|krijg geen lucht|bewusteloos
        |hartaanval|hartinfarct|overvallen|ingebroken|inbreker|zelfmoord|niet meer leven
        |wil(?: ik)? dood|wil sterven|ik kan niet meer(?= ik| en|$)|zo bang|wanhopig|(?:mijn
        |onze|ons)… @… (?:overleden|dood|gestorven|verongelukt|verlaten)|(?:heb|is) kanker
        |(?:baan|baby) (?:kwijt|verloren)|ben ontslagen|begrafenis van mijn|(?:ongeluk
        |ongeval) (?:gehad|gekregen)|@… in het ziekenhuis|er is een ongeluk gebeurd
        |beweegt niet|ruik gas""",
    "pl": r"""
        karetk\w+|pogotowi\w+|(?:dzwo|wezw)\w+… (?:policj|straż)\w*|ratunku|pali się|pożar
        |nie oddycha|nie mogę oddychać|nieprzytomn\w+|zawał\w*|napad\w*|włama\w+|okrad\w+
        |samobój\w+|zabić się|nie chcę(?: już)? żyć|chcę umrzeć|nie daję(?: już)? rady
        |(?:bardzo|tak) się boję|@… (?:zmarł|umarł|zdechł|nie żyje)\w*|(?:zmarł|umarł
        |zdechł)\w*… (?:mój|moja|moje|nasz\w*|@)|mam raka|stracił[ea]m pracę|zwolnili mnie
        |zostawiła? mnie|pogrzeb m\w+|miał[ea]m wypadek|@… w szpitalu|był wypadek|nie rusza się
        |czuć gaz""",
    "ru": r"""
        (?:вызов|вызыв|позвон|нужна)\w*… (?:скор|полици|пожарн)\w+|помогите|спасите|(?:дом
        |квартира|кухня|машина)… горит|горит… (?:дом|квартира|кухня|машина)|у (?:нас
        |меня) пожар|не дышит|не могу дышать|без сознания|инфаркт|инсульт|истекает кровью
        |меня (?:ограбил|избил|уволил)\w*|(?:на меня )?напали|вломи\w+|самоубий\w+|покончить с
        |хочу умереть|не хочу… жить|не могу больше(?= я| так|$)|мне (?:так |очень )страшно
        |(?:умер|погиб|скончал)\w*… @|(?:мой|моя|наш|наша|у меня|у нас)… (?:умер|погиб
        |скончал)\w*|у меня рак|потеряла? работу|бросила? меня|меня бросила?|похороны (?:моей
        |моего|у)|попала?и? в аварию|@… в больнице|(?:случилась|произошла) авария|пахнет газом
        |не приходит в себя""",
    "ar": r"""
        (?:اتصل|اطلب|أريد|أحتاج|أرسل)[^ ]*… [^ ]*(?:إسعاف|الشرطة|الإطفاء)|النجدة|أنقذ[^ ]*
        |حريق في|لا (?:أستطيع|يستطيع) التنفس|لا يتنفس|فاقد الوعي|سرقوني|تعرضت ل[^ ]*|انتحار
        |أقتل نفسي|أريد أن أموت|لا أريد أن أعيش|خائف[^ ]* جدا|(?:توفي|توفيت|مات|ماتت)… @
        |@… (?:توفي|توفيت|مات|ماتت)|فقدت (?:عملي|وظيفتي)|(?:لدي|مصاب[^ ]*)… سرطان""",
}
"""What is told in languages that separate words."""

_TOLD_WITHOUT_SPACES = {
    "hi": r"""
        एम्बुलेंस|एंबुलेंस|पुलिस (?:को )?बुला|बचाओ|आग लग|सांस नहीं|बेहोश|दिल का दौरा|लूट लिया
        |चोरी हो ग|आत्महत्या|मरना चाहत|जीना नहीं चाहत|जान देना|बहुत डर लग|(?:मेर[ाीे]
        |हमार[ाीे]).*(?:गुज़र ग|मर ग|चल बस|नहीं रहे|देहांत|मौत हो गई|निधन)|नौकरी (?:चली|छूट) गई
        |कैंसर है|(?:एक्सीडेंट|दुर्घटना) हो|अस्पताल में भर्ती|दम घुट|फेल हो ग
        |अकेला महसूस|अकेली महसूस|गैस की बदबू""",
    "zh": r"""
        救命|救护车|救護車|报警|報警|叫警察|着火了|著火了|起火了|不能呼吸|喘不过气|喘不過氣
        |没有?呼吸|昏倒|晕倒|暈倒|心脏病发|心臟病發|被抢|被搶|不想活|想死|自杀|自殺|活不下去
        |撑不下去|撐不下去|好害怕|我很怕|(?:我|我们|我們|我家)的?(?:@).{0,6}(?:死|去世|过世
        |過世|走了|没了)|癌症|我失业了|我失業了|被.{0,4}裁|煤气泄漏|住院了|被开除|被開除
        |和我分手|出车祸|出車禍|流产|流產|噎住|煤气味|(?:好|很|太|这么|那么)孤独
        |没有?人(?:在乎|关心|爱)我|肿瘤""",
    "ja": r"""
        救急車|警察を呼|消防車|火事(?:です|だ|が|になっ)|燃えて(?:い|る|ます)|助けて(?:$
        |ください|くれ| )|息が(?:でき|くる)|息をして(?:い)?な|意識が(?:な|あり)|倒れ(?:た|て
        |まし)|襲われ|泥棒が|強盗|死にたい|自殺|生きていたくない|もう(?:無理|限界|だめ)|怖くて
        |(?:@).{0,8}(?:亡くな|死ん|死に|他界)|癌(?:と|で|に)|がんと診断|仕事を失|クビにな
        |解雇され|振られ(?:た|て|まし)|事故に(?:遭|あ)|(?:@).{0,4}入院し|ガス臭|詰まらせ(?:て|た)|孤独で|ひとりぼっち""",
    "ko": r"""
        구급차|119(?:에|를)|경찰(?:을|에)? ?(?:불러|신고)|불이? ?났|살려 ?주세요|살려 ?줘
        |숨을? ?(?:못|안)|숨을 쉬지|쓰러졌|의식이 없|강도가|도둑이|죽고 싶|자살|살고 싶지 않
        |너무 무서|(?:@).{0,8}(?:돌아가셨|죽었|세상을 떠|사망)|암(?:이래|에 걸렸|진단|이라고)
        |직장을 잃|해고(?:됐|당|되)|헤어졌|이혼했|사고(?:를|가)? ?(?:당했|났)|입원했|가스 냄새""",
}
"""What is told in languages that do not."""

_LANGUAGES = (*_TOLD, *_TOLD_WITHOUT_SPACES)
_MOST_CHARACTERS = 2000
"""How much of a turn is looked at."""
_marks = re.compile(f'[{re.escape(CLAUSE_MARKS)}¿¡"“”„«»()]')


def _filled(language: str, told: str) -> str:
    """Put a pattern together, with a language's kin in it."""
    kin = joined(_KIN.get(language, ""))
    return joined(told).replace("@", f"(?:{kin})")


def tells_distress(text: str, language: str | None = None) -> bool:
    """Tell whether a turn tells of a death, a danger, a despair, or of other bad news.

    Args:
        text: What the user said.
        language: Its language; None looks for what is told in every one.
    """
    told = " ".join(_marks.sub(" ", fold(text[:_MOST_CHARACTERS])).split())
    known = (language,) if language in _LANGUAGES else _LANGUAGES
    return any(_pattern(each).search(told) for each in known)


def prepare() -> None:
    """Make ready what is looked for in each language: at a first turn it would take 15 ms."""
    for language in _LANGUAGES:
        _pattern(language)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    if language in _TOLD:
        return re.compile(rf"\b(?:{_filled(language, _TOLD[language])})(?!\w)")
    return re.compile(_filled(language, _TOLD_WITHOUT_SPACES[language]))
