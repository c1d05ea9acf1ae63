/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(Se){var Oe,Le,a,t,Ie,s,u,l,c,i,v,Je,Ue,d,g,p,xe,y,Ne,Ce,e,$e,f;function Ae(){return(new Date).getTime()}
function Fe(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function h(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function m(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function w(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function Pe(e){try{
return Se.JSON?Se.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function Re(){
return"hidden"!==Oe.visibilityState}function He(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function T(){
return Se.XMLHttpRequest?new Se.XMLHttpRequest:new Se.ActiveXObject("Microsoft.XMLHTTP")}function _e(e,n,t,r,o){var c,
i=T();return i.open(e,n,!0),M(i,o),c=w(a,i),i.onreadystatechange=function(){4===i.readyState&&(a[c]=null),
r&&2<i.readyState&&r(i)},i.send(t),i}function M(e,n){n&&e.setRequestHeader("Authorization","Bearer "+n)}function Be(e,n,
t){try{_e("POST",e,n,null,t)}catch(r){!function(e){var n=Oe.createElement("div"),t="foreverframe"+String(Math.random()
).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',Oe.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function ze(e,n,t){var r;try{t&&Se.fetch?Se.fetch(e,{method:"POST",keepalive:!0,headers:{Authorization:"Bearer "+t}})[
"catch"](function(){}):Se.navigator.sendBeacon&&Se.navigator.sendBeacon(e,"")||((r=T()).open("POST",e,!1),M(r,t),r.send(
""))}catch(o){}}function Ke(e,n){return 0<e?Number(e):n}function Qe(e){return!e.transport||"auto"===e.transport}
function Ye(e,n,t){var r="?transport="+n;function o(e,n){n&&(r+="&"+e+"="+encodeURIComponent(String(n)))}return o(
"channels",e.channels),o("after",null===t?e.after:t),null!==t||e.after||(o("last",e.last),o("each",e.each),o("since",
function(e){return e&&e.getTime?e.getTime():e}(e.since))),o("latest",e.latest&&1),o("client",e.client),r}function Xe(e){
return e.replace(/[^.]*$/,"")}function je(e,n){return null!==e&&null!==n&&Xe(e)===Xe(n)&&e<=n}function De(e,n,t){return{
type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n,text:t}}function We(e){return e&&/^FF_/.test(e.code)?{
type:"error",code:e.code,status:e.status,detail:e.detail,reconnect:408===e.status||429===e.status||500<=e.status}:null}
function b(){for(var e=u.pop();e;)e.parentNode&&e.parentNode.removeChild(e),e=u.pop()}function k(e){try{
return e.contentWindow.document.readyState}catch(n){return"denied"}}function E(){try{return Se.localStorage||null}catch(
e){return null}}function Ze(e,n){var t=E(),r=i[e];try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-Ae():0)&&t<=n?t:0
}function en(e,n){var t=E();i[e]=n&&Ae()+n;try{n?t.setItem(c+e,String(i[e])):t.removeItem(c+e)}catch(r){}}function qe(e,
n){return Ze("path "+e,n)}function Ve(e,n){en("path "+e,n)}function nn(e,n,t){var r,o,c=!1;function i(e){c||(c=!0,
clearTimeout(o),t(e))}r=_e("GET",e,null,function(e){4===e.readyState&&i(e)},n),o=Fe(v,function(){i(null),r.abort()})}
function tn(e,n,t,r){try{nn(e+"?"+n+"at="+Ae(),t,function(e){r(e?function(e){var n;try{return(n=Pe(e.responseText)||{}
).state?n:n.code?{state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){
return{state:"away"}}}(e):{state:"away"})})}catch(o){Fe(0,function(){r({state:""})})}}function Ge(e){
return e.signs+":"+(e.sign?e.sign():"")}function rn(t,e,r,o){var c,i=Math.max(g,Math.min(e,r)/d),a=0,s=0,u=p,l=Ae();Fe(
i*Math.random(),function f(){var e=Ge(t),n=Ae()-l>i+xe;t.isLive()&&(l=Ae(),a++,e!==c?(c=e,s=0,u=p):t.isUnwatched||(
s+=n?p:1),!t.isUnwatched&&!t.isMute&&a*i>y*Math.min(r,Ue)&&o.good(),(e=r<=s*i)&&!t.isMute?o.silent():(Fe(i,f),e?(s=0,
o.missed()):u<=s&&!t.isMute?(u=s+d,o.missed()):n&&Re()&&o.missed()))})}function n(n){m($e.slice(0),function(e){e[n]()})}
function r(){Ce=!0,n("begin")}function o(){n("wake")}Se.foreverframe&&Se.foreverframe.open||(Oe=Se.document,
Le=Se.location,a=[],t=2147483647,s=[],u=[],(Ie={}).frame=function(n){var e,t=n.origin!==He(Le),r=t?Oe:function(){var e;
if(!l){l=Oe;try{(e=Se.ActiveXObject&&new Se.ActiveXObject("htmlfile")).open(),e.write("<html><body></body></html>"),
e.close(),e.parentWindow.foreverframe=f,l=e.body?e:l}catch(n){}}return l}(),o=r.createElement("iframe"),c=w(s,n),
i="push"+(c||""),a=!1;f[i]=function(e){a=a||"loading"===k(o),s[c]&&s[c].receive(e)},n.stop=function(){clearInterval(e),
s[c]=null,u[u.length]=o,setTimeout(b,0)},t?n.isSource=function(e){return e&&e==o.contentWindow
}:r===Oe&&Se.addEventListener?(n.sign=function(){return function(e){try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}}(o)},e=setInterval(function(){
var e=k(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,h(o,"load",function(){n.end()}),
o.style.display="none",o.name=i+Ae(),o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(He(Le)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},h(Se,"message",function(n){m(s,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(Pe(n.data))})}),Ie.poll=function(o){var r,c,i=null,
a=!o.asksForKept;o.isUnwatched=!0,o.stop=function(e){clearTimeout(c),r&&(i||o.earlier||e)&&r.abort()},function s(n){
var t=Ae(),e=i||o.earlier,e="&wait="+n+(e?"&stream="+encodeURIComponent(e):"");o.limit(1e3*n),r=_e("GET",o.url(
e+"&at="+t),null,function(e){4===e.readyState&&!function(e,n){var t,r=e&&e.messages;r&&e.gaps?(e.stream!==i&&(i=e.stream
,o.receive({type:"open",stream:i,cursor:r.length?null:e.cursor,close:"streams/"+i+"/close"})),m(e.gaps,o.receive),m(r,
o.receive),o.receive({type:"cursor",cursor:e.cursor}),e.live&&!a&&(a=!0,o.receive({type:"live",cursor:e.cursor})),
e.reason?((t=De(e.reason,e.cursor,e.text)).reconnect=!e.stop,o.receive(t)):o.isOnce&&!r.length?o.end():o.isLive(
)&&n&&!r.length?(o.limit(5e3),c=setTimeout(function(){s(25)},5e3)):o.isLive()&&s(o.isOnce?0:25)):o.end(We(e))}(Pe(
e.responseText),n&&Ae()-t<1e3)},o.token)}(0)},Ie.ndjson=function(r){var o=0;if(!Se.addEventListener)throw new Error(
"no partial answers");var e=_e("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");
o=n.length-t.pop().length,r.signs=n.length,m(t,function(e){r.receive(Pe(e))}),4===e.readyState?r.end(We(Pe(n))
):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})},r.token);r.stop=function(){e.abort()}},
Ie.sse=function(n){var t=new Se.EventSource(n.url(""));m(
"message ff-open ff-cursor ff-live ff-gap ff-expiring ff-close".split(" "),function(e){t.addEventListener(e,function(e){
n.receive(Pe(e.data))})}),t.addEventListener("ff-error",function(e){n.end(Pe(e.data))}),t.onerror=function(){n.end()},
n.isMute=!0,n.stop=function(){t.close()}},c="foreverframe.",i={},Je=/^(client|admin|expired|replaced)$/,Ue=4e4,d=10,p=12
,xe=v=5e3,y=4,g=50,Ce=Ne=!(Ie.ws=function(n){var e=new Se.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive(Pe(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),$e=[],f={
open:function(c){var P=function(e){var n=Oe.createElement("div"),t=Oe.createElement("a");return t.href=e,
Se.addEventListener||(n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t
}(String(c.url||"").replace(/[^\/]$/,"$&/")+"stream"),i=P.href,a=He(P),R=(function(e,n){if(!Qe(e)&&!Ie.hasOwnProperty(
e.transport))throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(c,P),
/^FF_(TOKEN_EXPIRED|TOKEN_INVALID|TICKET_INVALID)$/),H=2e3,s=null,_=!1;function B(n){var t=!1;c.token(function(e){t||(
s=e,_=!(t=!0),Fe(0,n))})}function K(){var e=c.token&&_;return e&&(s=null),e}var X,j,D=3e4,W=5,o=Ke(c.retryMs,5e3),u=0,
l=!1;function q(e,n){f(),j=Fe(e,n)}function f(){clearTimeout(j)}function d(){f(),h?qe(a,m)?b("poll","remembered"):Ne?b(
"frame"):b("poll","loading"):b(c.transport)}function p(e,n,t){var r=e;t&&(l=!(Math.abs(Ae()-X)<D),X=l?Ae():X),
0<e&&o!==Infinity||(r=l?o/W:o,r*=Math.pow(2,Math.max(0,l?u-1:u)),r=Math.min(r,Math.max(o,D)),r*=l?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),u++,q(r,d),C("lost",{retryMs:r,reason:n})}var h=Qe(c),V=16,m=Ke(c.frameAgainMs,
6e5),v=m/V,g=0;function G(){return h&&y&&"poll"===y.transport&&!y.isOnce}function J(){g=0,v=m/V}function z(){q(qe(a,m),
function(){v=Math.min(2*v,m),Q()})}function Q(){Ne&&b("frame","again")}var y=null,w=null,T=null,Y=3,Z=Math.min(Ke(
c.silentMs,Ue)/4,3e4),M=15e3;function b(r,e,n){var o={transport:r,origin:a,isOnce:n,earlier:"poll"===r&&!n&&T&&T.polled,
isEarly:!Ne,signs:0,asksForKept:null!==x.cursor||!!(c.after||c.last||c.each||c.since),url:function(e){
var n=o.ticket?"&ticket="+o.ticket:"",t=ge||/&stream=/.test(e)?x.cursor:null;return i+Ye(c,r,t)+n+e},isLive:function(){
return o===y||o===w},receive:function(e){o.signs++,e&&o.isLive()?function(e,n){"open"===n.type?function(e,n){
var t=e!==y&&y&&!y.isOnce;e.closeUrl=ne(n),e.polled="poll"===e.transport?n.stream:null,"closing"===x.state?Be((T=e
).closeUrl,"",s):(e!==y&&(te(y),w=null),y=e,M=Ke(n.heartbeatMs,M),T=e.isOnce?null:e,x.stream=e.isOnce?null:n.stream,
x.transport=e.isOnce?"shared":e.transport,function(e){return null!==e&&null!==x.cursor&&Xe(e)!==Xe(x.cursor)}(n.cursor
)||$(n.cursor),clearTimeout(e.timer),rn(e,M,Ke(c.silentMs,Y*M),{good:J,missed:ie,silent:function(){g++,E(e,null,"silent"
)}}),f(),u=0,_=!(l=!1),function(e){t&&(g=1),G()&&(e.isEarly||qe(a,m)||Ve(a,v),z()),"frame"===e.transport&&Ve(a,0)}(e),
function(n){Fe(t?0:ae,function(){h&&n===y&&"frame"===n.transport&&!Ze("prompt "+a,se)&&tn(ce(n),"echo=1&",s,function(e){
e.echo&&!function c(n,t){var r=Ge(n),o=Ae();Fe(S,function(){var e=Math.abs(Ae()-o)>S+xe;n===y&&"open"===x.state&&(
n.hasEchoed?en("prompt "+a,se):e||Ge(n)!==r?t&&c(n,t-1):(n.isHeld=!0,E(n,null,"held")))})}(n,ue)})})}(e),e.isOnce?C(
"open",{transport:"shared"}):(C("open",n),N("onopen",n)))}(e,n):"error"===n.type?E(e,n):"expiring"===n.type?function r(n
,t){function e(){_e("POST",n.closeUrl.replace(/close$/,"token"),"",function(e){4!==e.readyState||(Pe(e.responseText)||{}
).stream||H<t&&Fe(t/2,function(){n===y&&r(n,t/2)})},s)}c.token?B(e):e()}(e,n.inMs):e===y&&(
e.hasEchoed=e.hasEchoed||n.echo,we(n))}(o,e):e&&"open"===e.type&&Be(ne(e),"",s)},end:function(e){o.isLive()&&E(o,e,
o===y?"cut":"failed")},limit:function(e){clearTimeout(o.timer),o.timer=setTimeout(function(){E(o,null,"silent")},e+Z)}};
k(w),(w=o).limit(0);try{!function(t,r){!function(e){c.token&&!s?B(e):e()}(function(){var e=t.transport;
s&&"poll"!==e&&"ndjson"!==e?_e("POST",i.replace(/stream$/,"tickets"),'{"channels":"'+String(c.channels).replace(/[\\"]/g
,"\\$&")+'"}',function(e){var n;4===e.readyState&&((n=Pe(e.responseText))&&n.ticket?(t.ticket=n.ticket,r()):t.end(We(n))
)},s):(t.token=s,r())})}(o,function(){o.isLive()&&ee(r,o)})}catch(t){setTimeout(function(){throw o.end(),t},0)}y||C(
"connecting",{transport:r,reason:e||null})}function ee(e,n){try{Ie[e](n)}catch(t){setTimeout(function(){n.end(h?null:{
type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+e+'" ('+t.message+'): take "auto" instead',reconnect:!1})},0)}}function ne(e){
return i.replace(/stream$/,"")+e.close}function k(e){e&&(clearTimeout(e.timer),e===w&&(w=null),e===y&&(y=null,
x.stream=null),e.stop&&(e.stop(n),e.stop=null),e.isOnce)&&e.closeUrl&&Be(e.closeUrl,"",s)}function te(e){e&&e===y&&re(Be
),k(e)}function re(e){T&&(e(T.closeUrl,"",s),T=null)}function E(n,e,t,r){var o=n===y;("silent"===t||"held"===t?te:k)(n),
n.isOnce&&e&&!e.reconnect?Te(e):n.isOnce?ve(o):"closing"===x.state?F("client"):y?(Ve(a,v),z()):e?Te(e):function(e){
return h&&"frame"===n.transport&&(!e||n.isHeld||1<g)?(g=0,b("poll",t),1):void(e||Ve(a,0))}(o)||(p(r||0,t,o),
h||"poll"===n.transport||o&&!n.isHeld?O=0:ke()&&(1<u||n.isHeld)&&function(r){var e=O?{channels:c.channels,
client:c.client}:c,e=i+Ye(e,"poll",O?null:x.cursor);if(!c.token||s)try{nn(e+"&wait=0&at="+Ae(),s,function(e){var n=e?Pe(
e.responseText):null,t=function(e){return e&&!s&&a!==He(Le)&&/^40[13]$/.test(e.status)?null:e}(We(n));n&&n.messages?(Be(
ne({close:"streams/"+n.stream+"/close"}),"",s),O++):O=0,ke()&&(t&&!t.reconnect?Te(t):(t||le<=O)&&function(e){C("lost",{
retryMs:U.retryMs,reason:e.code,detail:e.detail}),N("onerror",e)}(t||{type:"error",code:"FF_TRANSPORT_BLOCKED",status:0,
detail:'"'+r+'" does not come through, although polls do: the browser or a proxy on the path can\'t carry it. Take "auto" or "poll" instead',
reconnect:!0}))})}catch(n){}}(n.transport))}function oe(e){var n=y;T=null,"closing"===x.state?F(
e.reconnect?"client":e.reason):"expired"===e.reason&&"poll"===n.transport&&K()?(k(n),p(1,e.reason)
):e.reconnect?n.isOnce?(k(n),ve(!1)):"recycle"===e.reason?(y=null,x.stream=null,b(n.transport,"recycle"),k(n)):(k(n),p(
e.retryMs,e.reason)):(I(e,x.cursor),A("closed",e,"onclose"))}var S=1e3;function ce(e){return e.closeUrl.replace(
/\/close$/,"")}function ie(){var t,r=y;function o(){return r===y&&"open"===x.state}r&&!r.isOnce&&!r.isAsking&&o()&&(
t=Ge(r),r.isAsking=!0,tn(ce(r),"",s,function(e){var n="closed"===e.state&&Je.test(e.receipt.reason);r.isAsking=!1,o()&&(
"unknown"===e.state||"closed"===e.state&&!n?E(r,null,"cut",1):"away"===e.state&&Ge(r)===t?E(r,null,"cut"
):"away"===e.state?Fe(S,ie):e.state&&Fe(S,function(){o()&&(n?oe(De(e.receipt.reason,e.cursor,e.receipt.text)):Ge(r
)!==t||je(e.cursor,x.cursor)||(r.isHeld=!0,E(r,null,"silent")))}))}))}var t,ae=3e3,se=12e5,ue=5,le=2,O=0,fe=5,r=null,
e=!1,L=0;function de(){r&&(r.leave(),r=null)}function I(e,n){"epoch"===e.reason&&(t=e.after+e.upTo),r&&r.tell(e,n)}
function pe(){e=!1,k(w),k(y),d()}function he(){e=!0,f(),k(w),te(y),x.transport="shared"}function me(e){var n=e.event;
n&&"close"===n.type?A("closed",n,"onclose"):(n&&je(e.before,x.cursor)&&we(n),"beat"===e.kind&&0<L&&L--,ye(
)||w||y||0<L||("open"!==e.state||je(e.cursor,x.cursor
)&&e.restart===t?e.state!==x.state&&/^(connecting|open|lost)$/.test(e.state)&&C(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,b("poll","shared",!0))))}function ve(e){L=e?0:fe}
var ge=!c.each||!!c.after,U={},x={state:"connecting",cursor:null,stream:null,transport:null,close:function(){ye(
)||"closing"===x.state||(!y||y.isOnce?(re(Be),F("client")):(de(),k(w),Be(y.closeUrl,"",s),q(2e3,function(){F("client")})
,C("closing",{})))},ack:function(){y&&T&&null!==x.cursor&&Be(T.closeUrl.replace(/close$/,"ack"),
'{"cursor":"'+x.cursor+'"}',s)}};function N(e,n,t){if(c[e])try{c[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}
function C(e,n){N("onstate",x.state=e,U=n)}function ye(){return"closed"===x.state||"refused"===x.state}function $(e){
return null!==e&&!je(e,x.cursor)&&(x.cursor=e,1)}function we(e){var n=x.cursor;"message"===e.type?$(e.id)&&(I(e,n),N(
"onmessage",e)):"cursor"===e.type?$(e.cursor)&&I(e,n):"live"===e.type?(ge=!0,$(e.cursor),I(e,n),N("onlive",e)
):"gap"===e.type?("epoch"===e.reason&&(x.cursor=e.upTo),I(e,n),N("ongap",e)):"close"===e.type&&oe(e)}function Te(e){
R.test(e.code)&&K()?p(1,e.code):e.reconnect?(p(0,e.code),N("onerror",e)):A("refused",e,"onerror")}function A(e,n,t){Ee()
,function(e){for(var n=0;n<$e.length;n++)if($e[n]===e)return $e.splice(n,1)}(Me),C(e,n),N(t,n)}function F(e){A("closed",
De(e,x.cursor),"onclose")}var n=!1,Me={begin:be,hide:function(){re(ze),n=!0,Ee()},show:function(){n&&(n=!1,
"closing"===x.state?F("client"):Ce&&be())},loaded:function(){!G()||w||qe(a,m)||Q()},wake:function(){(ke()?d:ie)()}};
function be(){ye()||n||r||w||y||(c.share&&(r=function(e,c){var n,i=String(Math.random()),t=!1,r=0,a=0,o=Ae()-2e3,s=!0,
u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t(Pe(e.newValue))}try{if(Se.BroadcastChannel)return(
r=new Se.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){r.postMessage(e)},close:function(){
r.close()}};if((o=Se.localStorage).setItem(n,""),Se.addEventListener)return Se.addEventListener("storage",c,!1),{
say:function(e){o.setItem(n,Se.JSON.stringify(e))},close:function(){Se.removeEventListener("storage",c,!1);try{
o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){u&&e&&e.from!==i&&("hello"===e.kind?t&&l("beat"
):"bye"===e.kind?f():t&&!(e.visible===Re()?e.from<i:e.visible)?l("beat"):(t&&(t=!1,c.release()),o=Ae(),s=!1,Re(
)&&!e.visible&&f(),c.follow(e)))});function l(e,n,t){var r={n:++a,from:i,kind:e,visible:Re(),event:n,before:t};
c.describe(r);try{u.say(r)}catch(o){}}function f(){o=Ae()-2e3,s=!0}return u?(n=setInterval(function(){var e=Ae()-o;r++,
t?r%4!=0&&Re()||l("beat"):e<0?o=Ae():s&&e>(Re()?2e3:2400)?(t=!0,l("beat"),c.hold()):1200<e&&(s=!0,l("hello"))},250),l(
"hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(
["foreverframe",i,c.channels,c.client,!!c.latest].join("\n"),{describe:function(e){e.state=x.state,e.reason=U.reason,
e.retryMs=U.retryMs,e.cursor=x.cursor,e.restart=t},hold:pe,release:he,follow:me})),e=!!r,r)||d()}function ke(){
return"lost"===x.state&&!e&&!n}function Ee(){f(),k(w),k(y),de()}return function(e){$e[$e.length]=e,Ce&&setTimeout(
e.begin,0)}(Me),x}},"complete"===Oe.readyState?Ne=Ce=!0:(h(Se,"load",function(){setTimeout(function(){Ne=!0,r(),n(
"loaded")},50)}),setTimeout(function S(){Oe.body?r():setTimeout(S,250)},1e4)),h(Se,"onpagehide"in Se?"pagehide":"unload"
,function(){n("hide"),b()}),h(Se,"pageshow",function(e){e.persisted&&n("show")}),h(Se,"online",o),h(Oe,"resume",o),h(Oe,
"visibilitychange",function(){Re()?Ae()-e>xe&&o():e=Ae()}),Se.foreverframe=f)}(window);
