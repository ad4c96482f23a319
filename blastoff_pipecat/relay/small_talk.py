"""Greetings, thanks, goodbyes, yes and no, and other turns that ask for nothing.

A turn is small talk where all of it is: "okay great, thanks, bye bye" is put together from what is
listed here, "okay great, and tomorrow?" is not.
"""

from blastoff_pipecat.relay.scripts import fold, is_unspaced, plain

MOST_WORDS = 24
_MOST_CHARACTERS = 400
"""A turn of more words is no small talk; of such a turn, this much is looked at."""
_LONGEST_PHRASE = 12
"""In words, which in Chinese and Japanese are single characters."""

_PHRASES = {
    "en": """
        hi / hello / hey / hiya / howdy / greetings / good morning / good afternoon / good evening
        / there / everyone / again / how are you / how are you doing / how's it going / what's up
        / how do you do / doing / today / how have you been / how've you been / how are things
        / how's everything / how is everything / how is it going / how's life / how's your day
        / how is your day / how are you feeling / are you there / anyone there / anybody there / yo
        / good day / nice to meet you / nice talking to you / pleased to meet you / nice to see you
        / good to see you / good talking to you / great talking to you / thanks / thank you
        / thank you so much / thank you very much / thanks a lot / many thanks / thanks so much
        / so much / for your help / for the help / for everything / for that / for your time
        / for helping / i appreciate it / i appreciate that / appreciate it / much appreciated
        / cheers / you're welcome / bye / goodbye / good bye / bye for now / see you / see you later
        / see ya / see you soon / see you around / see you tomorrow / catch you later / have to go
        / i have to go / gotta go / i've got to go / talk to you later / talk to you soon
        / talk later / later / take care / have a nice day / have a good day / have a great day
        / have a good one / have a nice evening / good night / night / you too / same to you
        / until next time / farewell / yes / yeah / yep / yup / yes please / no / nope / nah
        / no thanks / sure / okay / ok / alright / all right / of course / certainly / absolutely
        / definitely / exactly / correct / right / true / that's right / that is right
        / that's correct / that is correct / that's true / that is true / very true / you're right
        / you are right / indeed / i agree / affirmative / sure thing / do that / do it / no way
        / wrong / incorrect / that's wrong / that is wrong / that's not right / that is not right
        / that's not correct / that is not correct / that's not true / that is not true
        / definitely not / i don't think that's right / go ahead / please / please do / sounds good
        / sounds great / that's fine / that works / fine / good / great / perfect / excellent
        / awesome / cool / nice / wonderful / lovely / amazing / wow / oh / ah / um / uh / uh huh
        / hmm / well / so / mm hmm / i see / i understand / understood / got it / i got it / gotcha
        / makes sense / that makes sense / never mind / no problem / no worries / that's all
        / that's it / that is all / nothing else / nothing / i'm good / i'm fine / i'm done
        / not now / not really / not at all / i think so / i guess so / i don't think so
        / i don't know / i'm not sure / maybe / perhaps / i'm not really sure / i am not sure
        / i do not know / no idea / i have no idea / no clue / who knows / possibly / could be
        / might be / either one / of course not / not sure / whatever / really / haha / ha ha / lol
        / that's funny / funny / that's great / that's nice / that's good / that's interesting
        / interesting / i like it / i like that / i love it / sorry / my bad / just kidding
        / one moment / hold on / wait / let me see / my friend / now / very helpful
        / that was very helpful / that was helpful / very kind / not today / i would / i do / i did
        / i am / it is / it was / why not / see you next week / next week / next time
        / of course i do / as well / kindly / sir / ma'am / madam
        / buddy / mate / folks / really helpful / that was really helpful / you've been great
        / you've been very helpful / you're the best / then / have a good weekend
        / have a nice weekend / have a great weekend / that would be great / that would be nice
        / that'd be great / that'd be nice / not right now / that's my name / that's me / yay
        / i like that""",
    "de": """
        hallo / hi / hey / guten morgen / guten tag / guten abend / moin / servus / grüß gott
        / grüezi / wie geht's / wie geht es ihnen / wie geht es dir / freut mich / danke
        / danke schön / dankeschön / danke sehr / vielen dank / herzlichen dank / besten dank
        / tausend dank / für ihre hilfe / für die hilfe / für deine hilfe / für alles / bitte
        / bitte schön / gern geschehen / tschüss / tschüß / ciao / auf wiedersehen / auf wiederhören
        / wiedersehen / bis bald / bis später / bis dann / bis morgen / schönen tag / schönen abend
        / einen schönen tag / einen schönen abend / noch / gute nacht / mach's gut / dann
        / ihnen auch / gleichfalls / ebenso / ja / jawohl / jo / nein / nee / doch / ja bitte
        / nein danke / genau / richtig / stimmt / das stimmt / korrekt / klar / alles klar
        / natürlich / sicher / gerne / gern / okay / ok / in ordnung / gut / sehr gut / super / toll
        / prima / perfekt / schön / wunderbar / ach so / ach / aha / ah / oh / hm / so / verstehe
        / ich verstehe / verstanden / das ist / interessant / lustig / kein problem / macht nichts
        / egal / das war's / das wär's / das ist alles / nichts / vielleicht / weiß nicht
        / ich weiß nicht / ich glaube schon / ich glaube nicht / moment / entschuldigung
        / tut mir leid / vielen lieben dank / lieben dank / sehr nett / passt / passt so
        / das passt so / bis zum nächsten mal / bis nächste woche / zusammen / alle / nicht heute
        / heute nicht / jetzt nicht / schönes wochenende
        / zusammen / schönen guten abend / schönen guten tag / das hat mir sehr geholfen
        / das hat mir geholfen / das war sehr hilfreich / das stimmt nicht / stimmt nicht
        / das wäre schön / das wäre toll / das wäre super / dann""",
    "fr": """
        bonjour / bonsoir / salut / coucou / ça va / comment ça va / comment allez vous
        / comment vas tu / et vous / et toi / enchanté / enchantée / merci / merci beaucoup
        / merci bien / mille mercis / un grand merci / pour tout / pour votre aide / pour ton aide
        / je vous remercie / je vous en prie / de rien / au revoir / à bientôt / à plus
        / à plus tard / à demain / à tout à l'heure / bonne journée / bonne soirée / bonne nuit
        / bon après midi / adieu / oui / ouais / non / si / oui merci / non merci / s'il vous plaît
        / s'il te plaît / c'est ça / c'est bien ça / c'est bon / exactement / tout à fait
        / absolument / bien sûr / d'accord / ok / okay / entendu / très bien / bien / parfait
        / super / génial / ah / oh / hm / euh / ben / je vois / je comprends / compris
        / j'ai compris / c'est drôle / c'est intéressant / intéressant / pas de problème
        / pas de souci / ce n'est pas grave / tant pis / c'est tout / ce sera tout / rien
        / peut être / je ne sais pas / je pense / je crois / vous aussi / pareillement / pardon
        / désolé / excusez moi / monsieur / madame / je veux bien / ça ira / à tous / très gentil
        / c'est gentil / pas aujourd'hui / pas maintenant / bon week end / à la prochaine
        / à la semaine prochaine
        / ça m'a beaucoup aidé / ça m'aide beaucoup / à la semaine prochaine / ce n'est pas ça
        / c'est pas ça / bon / alors""",
    "es": """
        hola / buenos días / buenas tardes / buenas noches / buenas / buen día / qué tal / cómo está
        / cómo estás / cómo le va / mucho gusto / encantado / encantada / gracias / muchas gracias
        / mil gracias / muchísimas gracias / gracias por todo / por todo / por su ayuda
        / por tu ayuda / de nada / le agradezco / se lo agradezco / adiós / chao / chau
        / hasta luego / hasta pronto / hasta mañana / hasta la vista / nos vemos
        / que tenga un buen día / que tengas un buen día / cuídese / cuídate / igualmente / sí / si
        / no / sí por favor / no gracias / por favor / claro / claro que sí / por supuesto / exacto
        / exactamente / correcto / así es / eso es / cierto / de acuerdo / vale / ok / okay / bueno
        / bien / muy bien / está bien / perfecto / genial / estupendo / excelente / ah / oh / eh
        / pues / ya / ya veo / entiendo / entendido / comprendo / qué interesante / interesante
        / qué bien / qué bueno / qué gracioso / no pasa nada / no hay problema / no importa
        / eso es todo / nada más / nada / quizás / tal vez / no sé / no lo sé / creo que sí
        / creo que no / adelante / perdón / perdone / lo siento / disculpe / señor / señora
        / muy amable / mañana / hasta la próxima / hasta la semana que viene / buen fin de semana
        / hoy no / ahora no / a todos
        / muy buenas / soy yo / otra vez / me ha ayudado mucho / me has ayudado mucho
        / me ayudó mucho / eso no es correcto / no es correcto / eso no""",
    "it": """
        ciao / salve / buongiorno / buon giorno / buonasera / buona sera / buon pomeriggio / come va
        / come stai / come sta / piacere / grazie / grazie mille / molte grazie / tante grazie
        / di tutto / per tutto / per l'aiuto / per il suo aiuto / prego / di niente / arrivederci
        / a presto / a dopo / a domani / buona giornata / buona serata / buona notte / buonanotte
        / altrettanto / anche a lei / sì / si / no / sì grazie / no grazie / per favore
        / per piacere / certo / certamente / esatto / esattamente / giusto / è vero / d'accordo
        / va bene / va bene così / così / ok / okay / bene / molto bene / benissimo / perfetto
        / ottimo / ah / oh / eh / ho capito / capisco / capito / vedo / interessante / che bello
        / divertente / nessun problema / non importa / non fa niente / è tutto / basta così / niente
        / forse / non lo so / non so / credo di sì / credo di no / penso di sì / scusi / scusa
        / mi dispiace / signora / signore / molto gentile / alla prossima / buon fine settimana
        / a tutti / oggi no / non ora
        / mi è stato di grande aiuto / mi è stata di grande aiuto / mi ha aiutato molto
        / alla prossima settimana / alla prossima / allora""",
    "pt": """
        olá / oi / bom dia / boa tarde / boa noite / tudo bem / como vai / como está
        / como você está / prazer / obrigado / obrigada / muito obrigado / muito obrigada / por tudo
        / pela ajuda / pela sua ajuda / de nada / tchau / adeus / até logo / até mais / até amanhã
        / até breve / bom fim de semana / tenha um bom dia / igualmente / sim / não / sim por favor
        / não obrigado / não obrigada / por favor / claro / claro que sim / com certeza / isso
        / isso mesmo / exato / exatamente / certo / correto / está certo / está bem / tá bom / tá
        / ok / okay / bom / bem / muito bem / perfeito / ótimo / legal / que legal / ah / oh / hum
        / entendi / entendo / percebi / já vi / interessante / que interessante / engraçado
        / sem problema / não faz mal / é só isso / só isso / nada / mais nada / talvez / não sei
        / acho que sim / acho que não / desculpe / desculpa / senhor / senhora / muito gentil
        / até a próxima / a todos / hoje não / agora não
        / ajudou muito / me ajudou muito / até a semana que vem / até à próxima semana / então""",
    "nl": """
        hallo / hoi / hey / goedemorgen / goedemiddag / goedenavond / goedendag / goeiemorgen / dag
        / hoe gaat het / hoe gaat het met u / aangenaam / bedankt / dank u / dank u wel / dank je
        / dank je wel / dankjewel / dankuwel / hartelijk dank / heel erg bedankt / voor uw hulp
        / voor de hulp / voor alles / graag gedaan / tot ziens / doei / doeg / tot straks
        / tot morgen / tot later / fijne dag / fijne avond / een fijne dag / nog / welterusten
        / insgelijks / u ook / ja / jawel / nee / ja hoor / nee hoor / ja graag / nee dank u
        / nee bedankt / graag / alstublieft / alsjeblieft / precies / klopt / dat klopt / juist
        / inderdaad / natuurlijk / zeker / oké / ok / okay / goed / prima / mooi / perfect / fijn
        / leuk / ah / oh / hm / nou / ik snap het / ik begrijp het / begrepen / duidelijk
        / interessant / grappig / geen probleem / maakt niet uit / dat is alles / dat was het
        / niets / misschien / weet ik niet / ik weet het niet / ik denk het wel / ik denk het niet
        / sorry / mevrouw / meneer / heel vriendelijk / tot de volgende keer / tot volgende week
        / fijn weekend / nu niet / vandaag niet / allemaal""",
    "pl": """
        cześć / hej / witam / dzień dobry / dobry wieczór / jak się masz / jak się pan ma
        / co słychać / miło mi / dziękuję / dziękuję bardzo / bardzo dziękuję / dzięki
        / wielkie dzięki / za pomoc / za wszystko / proszę / proszę bardzo / nie ma za co
        / do widzenia / pa / pa pa / na razie / do zobaczenia / do usłyszenia / do jutra
        / miłego dnia / dobranoc / nawzajem / wzajemnie / tak / nie / tak proszę / nie dziękuję
        / oczywiście / jasne / pewnie / zgadza się / dokładnie / właśnie / dobrze / dobra
        / w porządku / ok / okej / okay / świetnie / super / fajnie / doskonale / ah / ach / oh / no
        / hm / rozumiem / aha / ciekawe / zabawne / nie ma sprawy / nie ma problemu / nie szkodzi
        / to wszystko / nic / może / nie wiem / chyba tak / chyba nie / przepraszam / pani / panu
        / do następnego razu / miłego weekendu / nie teraz / nie dzisiaj""",
    "ru": """
        привет / здравствуйте / здравствуй / доброе утро / добрый день / добрый вечер / как дела
        / как поживаете / очень приятно / приятно познакомиться / спасибо / большое спасибо
        / спасибо большое / благодарю / благодарю вас / огромное / за помощь / за все / вам
        / пожалуйста / не за что / до свидания / пока / до встречи / до завтра / всего хорошего
        / всего доброго / хорошего дня / спокойной ночи / доброй ночи / счастливо / и вам / взаимно
        / да / нет / ага / угу / да пожалуйста / нет спасибо / конечно / разумеется / точно / верно
        / правильно / именно / ладно / хорошо / ок / окей / отлично / прекрасно / замечательно
        / супер / ну / а / ах / о / ой / понятно / понял / поняла / ясно / я понял / я поняла
        / интересно / смешно / как интересно / ничего / ничего страшного / не важно / неважно
        / это все / больше ничего / может быть / наверное / не знаю / я не знаю / думаю да
        / думаю нет / извините / простите / до следующего раза / хороших выходных / не сейчас
        / не сегодня / всем""",
    "ar": """
        مرحبا / أهلا / أهلا وسهلا / السلام عليكم / وعليكم السلام / صباح الخير / صباح النور
        / مساء الخير / مساء النور / كيف حالك / كيف الحال / تشرفنا / شكرا / شكرا جزيلا / شكرا لك
        / شكرا لكم / جزاك الله خيرا / ألف شكر / على المساعدة / على كل شيء / عفوا / العفو
        / مع السلامة / إلى اللقاء / وداعا / تصبح على خير / يوما سعيدا / نعم / أيوه / ايوه / أجل / لا
        / لا شكرا / من فضلك / لو سمحت / بالتأكيد / طبعا / أكيد / بالطبع / صحيح / تماما / تمام / حسنا
        / طيب / ماشي / جيد / جيد جدا / ممتاز / رائع / آه / فهمت / مفهوم / واضح / مثير للاهتمام
        / مضحك / لا مشكلة / لا بأس / هذا كل شيء / لا شيء / ربما / لا أعرف / لا أدري / آسف / آسفة
        / معذرة""",
    "hi": """
        नमस्ते / नमस्कार / हैलो / हेलो / हाय / सुप्रभात / शुभ संध्या / कैसे हैं आप / आप कैसे हैं
        / कैसे हो / क्या हाल है / धन्यवाद / बहुत धन्यवाद / बहुत बहुत / बहुत / शुक्रिया / थैंक यू / थैंक्स
        / आपकी मदद के लिए / मदद के लिए / सब के लिए / आपका / अलविदा / फिर मिलेंगे / बाय / बाय बाय
        / शुभ रात्रि / शुभ दिन / हां / जी / जी हां / हां जी / नहीं / जी नहीं / ना / बिल्कुल / बिलकुल
        / जरूर / सही / सही है / ठीक / ठीक है / अच्छा / अच्छा जी / बढ़िया / बहुत बढ़िया / बहुत अच्छा / वाह
        / समझ गया / समझ गई / समझा / मैं समझ गया / मैं समझ गई / कोई बात नहीं / बस / बस इतना ही
        / कुछ नहीं / शायद / पता नहीं / मुझे नहीं पता / कृपया / प्लीज / माफ कीजिए / ओके / हम्म / अरे
        / फिर मिलते हैं / अभी नहीं / आज नहीं
        / आपने बहुत मदद की / आपने मदद की / तो फिर / अगले हफ़्ते मिलते हैं""",
    "zh": """
        你好 / 您好 / 大家好 / 嗨 / 哈喽 / 喂 / 早上好 / 早安 / 上午好 / 下午好 / 晚上好 / 你好吗
        / 最近怎么样 / 谢谢 / 謝謝 / 谢谢你 / 谢谢您 / 謝謝你 / 謝謝您 / 多谢 / 多謝 / 非常感谢
        / 感谢 / 太感谢了 / 的帮助 / 你的帮助 / 您的帮助 / 的幫助 / 辛苦了 / 不客气 / 再见 / 再見
        / 拜拜 / 回头见 / 明天见 / 晚安 / 慢走 / 祝你 / 祝您 / 今天 / 愉快 / 生活愉快 / 一切顺利
        / 是 / 是的 / 对 / 对的 / 對 / 對的 / 好 / 好的 / 好吧 / 好啊 / 可以 / 行 / 没错 / 沒錯
        / 当然 / 當然 / 不 / 不是 / 不用 / 不用了 / 不要 / 不必了 / 没有 / 沒有 / 不对 / 嗯 / 嗯嗯
        / 哦 / 噢 / 啊 / 呀 / 了 / 知道了 / 我知道了 / 明白 / 明白了 / 我明白了 / 懂了 / 了解
        / 没问题 / 沒問題 / 没关系 / 沒關係 / 没事 / 算了 / 就这样 / 就这些 / 没有了 / 太好了 / 很好
        / 不错 / 真有意思 / 有意思 / 哈哈 / 也许 / 可能吧 / 不知道 / 我不知道 / 请 / 请说 / 对不起
        / 不好意思 / 抱歉 / 请稍等 / 等一下 / 啦 / 哈 / 呢 / 下次见 / 下周见 / 谢了 / 周末愉快
        / 帮了大忙 / 帮大忙了 / 那就 / 那 / 吧 / 不是这样的 / 不是这样""",
    "ja": """
        こんにちは / こんばんは / おはよう / おはようございます / はじめまして / もしもし / どうも
        / やあ / お元気ですか / よろしく / よろしくお願いします / ありがとう / ありがとうございます
        / ありがとうございました / どうもありがとう / 本当に / 助かりました / 助かります
        / どういたしまして / さようなら / さよなら / バイバイ / またね / また明日 / では / それでは
        / じゃあ / じゃあね / 失礼します / 失礼いたします / おやすみ / おやすみなさい
        / お疲れ様でした / お疲れ様です / はい / うん / ええ / いいえ / いや / いいえ結構です
        / 結構です / 大丈夫です / 大丈夫 / お願いします / そうです / そうですね / そうですか / そう
        / その通りです / もちろん / もちろんです / わかりました / 分かりました / わかった / 分かった
        / 了解 / 了解です / 了解しました / なるほど / へえ / ああ / あ / ええと / えっと
        / いいですね / いいです / いいよ / すごい / すごいですね / 面白い / 面白いですね / オーケー
        / 問題ありません / 以上です / それだけです / 何もありません / たぶん / わかりません
        / 分かりません / すみません / ごめんなさい / 申し訳ありません / また来週 / 今はいいです
        / 今日はいいです / 良い一日を
        / とても助かりました / とても""",
    "ko": """
        안녕 / 안녕하세요 / 안녕하십니까 / 여보세요 / 반갑습니다 / 만나서 반갑습니다 / 잘 지내세요
        / 좋은 아침이에요 / 감사합니다 / 감사해요 / 고맙습니다 / 고마워요 / 고마워 / 정말 / 정말로
        / 너무 / 대단히 / 도와주셔서 / 천만에요 / 안녕히 계세요 / 안녕히 가세요 / 잘 가 / 잘 있어
        / 다음에 봐요 / 또 봐요 / 내일 봐요 / 수고하세요 / 수고하셨습니다 / 안녕히 주무세요
        / 좋은 하루 되세요 / 좋은 하루 보내세요 / 네 / 예 / 응 / 그래 / 그래요 / 아니요 / 아니오
        / 아뇨 / 아니 / 괜찮아요 / 괜찮습니다 / 네 부탁해요 / 부탁합니다 / 부탁드려요 / 맞아요
        / 맞습니다 / 그렇습니다 / 그렇죠 / 물론이죠 / 물론이에요 / 좋아요 / 좋습니다 / 알겠습니다
        / 알겠어요 / 알았어요 / 알았어 / 이해했어요 / 아 / 아하 / 음 / 어 / 오 / 와 / 대박
        / 재미있네요 / 그렇군요 / 문제없어요 / 됐어요 / 됐습니다 / 그게 다예요 / 없어요 / 아마도
        / 글쎄요 / 몰라요 / 모르겠어요 / 잘 모르겠어요 / 죄송합니다 / 미안해요 / 잠시만요
        / 다음에 또 봐요 / 지금은 아니에요 / 주말 잘 보내세요""",
}
"""What such turns are put together from, by language; recognisers and people mix them."""

_OPEN = """
    thanks for / thank you for / thank you very much for / thanks so much for / i appreciate
    / i'm glad / it was nice / it was good / it was great / danke für / vielen dank für / merci pour
    / merci de / merci d / gracias por / muchas gracias por / grazie per / grazie di / obrigado por
    / obrigado pela / obrigado pelo / obrigada por / obrigada pela / obrigada pelo / bedankt voor
    / dank u voor / dziękuję za / dzięki za / спасибо за / благодарю за / شكرا على"""
"""What a few words of any kind may follow: "thanks for the quick answer"."""
_OPEN_WORDS = 5
_TURNS = """
    but / and / now / can / could / what / how / when / where / who / why / which / is / are / do
    / does / also / aber / und / kann / können / was / wie / wann / wo / mais / et / peux / pouvez
    / quand / comment / pero / y / puede / qué / cómo / cuándo / ma / e / può / come / quando / mas
    / pode / como / maar / en / kunt / wat / hoe / ale / i / czy / jak / kiedy / но / и / а / как
    / когда / لكن / هل / كيف"""
"""What turns them to something else: "thanks for that, but when"."""

_NAMING = """
    this is / my name is / my name's / i'm / i am / it's / speaking / hier ist / hier spricht
    / mein name ist / ich bin / ici / c'est / je suis / je m'appelle / mon nom est / soy / me llamo
    / mi nombre es / le habla / sono / mi chiamo / qui parla / sou / sou o / sou a / meu nome é
    / aqui é / com / met / u spreekt met / ik ben / mijn naam is / tu / nazywam się / mówi / jestem
    / это / меня зовут / я / أنا / اسمي / معك / मैं / मेरा नाम / 我是 / 我叫 / 私は / 저는
    / 제 이름은"""
"""What stands between a greeting and a name."""
_NAME_WORDS = 2
_NAME_CHARACTERS = 4
"""The longest name behind it, in words, or in characters where there are no words."""

_ADDRESSING = """
    hi / hello / hey / thanks / thank you / bye / goodbye / good morning / good afternoon
    / good evening / good night / okay / hallo / guten morgen / guten tag / guten abend / danke
    / vielen dank / tschüss / bonjour / bonsoir / salut / merci / merci beaucoup / au revoir / hola
    / buenos días / buenas tardes / gracias / muchas gracias / adiós / ciao / buongiorno / buonasera
    / grazie / arrivederci / olá / oi / bom dia / obrigado / obrigada / tchau / hoi / goedemorgen
    / goedemiddag / bedankt / dank je wel / dank u wel / doei / cześć / dzień dobry / dziękuję
    / dzięki / привет / здравствуйте / спасибо / пока"""
"""Behind which one more word is a name."""


def words_of(text: str) -> list[str]:
    """List the words of a turn's beginning, as they are compared."""
    return plain(fold(text[:_MOST_CHARACTERS])).split()


def listed(phrases: str) -> frozenset[str]:
    """Take a list apart, spelt as `words_of` spells."""
    return frozenset(" ".join(words_of(phrase)) for phrase in phrases.split("/"))


_small_talk = listed("/".join(_PHRASES.values()))
_open, _turns = listed(_OPEN), listed(_TURNS)
_naming, _addressing = listed(_NAMING), listed(_ADDRESSING)


def is_small_talk(text: str) -> bool:
    """Tell whether a turn is nothing but greetings, thanks, goodbyes, yes, no, short remarks."""
    words = words_of(text)
    return len(words) <= MOST_WORDS and (
        len(words) in reached(words, _small_talk, _open) or _names_somebody(words)
    )


def _names_somebody(words: list[str]) -> bool:
    """Tell whether a turn is a greeting with a name: "Hello, this is Maria", "Thanks, Tom"."""
    for end in reached(words, _small_talk) - {0}:
        rest = words[end:]
        if len(rest) == 1 and " ".join(words[:end]) in _addressing:
            return not is_unspaced(rest[0][0])
        for length in range(1, len(rest)):
            name = rest[length:]
            most = _NAME_CHARACTERS if is_unspaced(name[0][0]) else _NAME_WORDS
            if len(name) <= most and " ".join(rest[:length]) in _naming:
                return True
    return False


def reached(
    words: list[str], phrases: frozenset[str], opened: frozenset[str] = frozenset()
) -> set[int]:
    """List up to where a turn can be put together from phrases.

    Args:
        words: The turn.
        phrases: What it is put together from.
        opened: Phrases that words of any kind may follow.
    """
    ends = {0}
    for start in range(len(words)):
        if start not in ends:
            continue
        for end in range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1):
            phrase = " ".join(words[start:end])
            if phrase in phrases:
                ends.add(end)
            if phrase in opened:
                for further in range(end, min(end + _OPEN_WORDS, len(words))):
                    if words[further] in _turns:
                        break
                    ends.add(further + 1)
    return ends
