/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(ye){var Te,s,a,t,we,u,l,f,i,c,Be,Ke,Me,d,y,p,m,T,be,ke,e,Se,v;function Ee(){return(new Date).getTime()}
function Oe(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function h(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function g(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function w(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function Le(e){try{
return ye.JSON?ye.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function Ie(){
return"hidden"!==Te.visibilityState}function Ue(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function M(){
return ye.XMLHttpRequest?new ye.XMLHttpRequest:new ye.ActiveXObject("Microsoft.XMLHTTP")}function Ne(e,n,t,r,o){var i,
c=M();return c.open(e,n,!0),b(c,o),i=w(a,c),c.onreadystatechange=function(){4===c.readyState&&(a[i]=null),
r&&2<c.readyState&&r(c)},c.send(t),c}function b(e,n){n&&e.setRequestHeader("Authorization","Bearer "+n)}function xe(e,n,
t){try{Ne("POST",e,n,null,t)}catch(r){!function(e){var n=Te.createElement("div"),t="foreverframe"+String(Math.random()
).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',Te.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function We(e,n,t){var r;try{t&&ye.fetch?ye.fetch(e,{method:"POST",keepalive:!0,headers:{Authorization:"Bearer "+t}})[
"catch"](function(){}):ye.navigator.sendBeacon&&ye.navigator.sendBeacon(e,"")||((r=M()).open("POST",e,!1),b(r,t),r.send(
""))}catch(o){}}function Ce(e,n){return 0<e?Number(e):n}function Xe(e){return!e.transport||"auto"===e.transport}
function $e(e){return e.replace(/[^.]*$/,"")}function Ae(e,n){return null!==e&&null!==n&&$e(e)===$e(n)&&e<=n}
function Pe(e,n,t){return{type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n,text:t}}function Fe(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function k(){for(var e=l.pop();e;
)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function S(e){try{return e.contentWindow.document.readyState}catch(
n){return"denied"}}function E(){try{return ye.localStorage||null}catch(e){return null}}function Re(e,n){var t=E(),r=c[e]
try{r=r||t&&t.getItem(i+e)}catch(o){}return 0<(t=r?r-Ee():0)&&t<=n?t:0}function He(e,n){var t=E();c[e]=n&&Ee()+n;try{
n?t.setItem(i+e,String(c[e])):t.removeItem(i+e)}catch(r){}}function _e(e){return e.signs+":"+(e.sign?e.sign():"")}
function je(t,e,r,o){var i,c=Math.max(y,Math.min(e,r)/d),a=0,s=0,u=p,l=Ee();Oe(c*Math.random(),function f(){var e=_e(t),
n=Ee()-l>c+m;t.isLive()&&(l=Ee(),a++,e!==i?(i=e,s=0,u=p):t.isUnwatched||(s+=n?p:1),
!t.isUnwatched&&!t.isMute&&a*c>T*Math.min(r,Me)&&o.good(),(e=r<=s*c)&&!t.isMute?o.silent():(Oe(c,f),e?(s=0,o.missed()
):u<=s&&!t.isMute?(u=s+d,o.missed()):n&&Ie()&&o.missed()))})}function n(n){g(Se.slice(0),function(e){e[n]()})}
function r(){ke=!0,n("begin")}function o(){n("wake")}ye.foreverframe&&ye.foreverframe.open||(Te=ye.document,
s=ye.location,a=[],t=2147483647,u=[],l=[],(we={}).frame=function(n){var e,t=n.origin!==Ue(s),r=t?Te:function(){try{
return f||((f=new ye.ActiveXObject("htmlfile")).open(),f.write("<html><body></body></html>"),f.close(),
f.parentWindow.foreverframe=v),f.body?f:Te}catch(e){return Te}}(),o=r.createElement("iframe"),i=w(u,n),c="push"+(i||""),
a=!1;v[c]=function(e){a=a||"loading"===S(o),u[i]&&u[i].receive(e)},n.stop=function(){clearInterval(e),u[i]=null,l[
l.length]=o,setTimeout(k,0)},t?n.isSource=function(e){return e&&e==o.contentWindow}:r===Te&&ye.addEventListener?(
n.sign=function(){return function(e){try{return e.contentWindow.document.documentElement.innerHTML.length}catch(n){
return-1}}(o)},e=setInterval(function(){var e=S(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,h(o
,"load",function(){n.end()}),o.style.display="none",o.referrerPolicy="origin",o.src=n.url(
t?"&origin="+encodeURIComponent(Ue(s)):"&callback=parent.foreverframe."+c),r.body.appendChild(o)},h(ye,"message",
function(n){g(u,function(e){e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(Le(n.data))})}),
we.poll=function(o){var r,i,c=null,a=!o.asksForKept;o.isUnwatched=!0,o.stop=function(e){clearTimeout(i),r&&(
c||o.earlier||e)&&r.abort()},function s(n){var t=Ee(),e=c||o.earlier,e="&wait="+n+(e?"&stream="+encodeURIComponent(e):""
);o.limit(1e3*n),r=Ne("GET",o.url(e+"&at="+t),null,function(e){4===e.readyState&&!function(e,n){var t,r=e&&e.messages;
r&&e.gaps?(e.stream!==c&&(c=e.stream,o.receive({type:"open",stream:c,cursor:r.length?null:e.cursor,
close:"streams/"+c+"/close"})),g(e.gaps,o.receive),g(r,o.receive),o.receive({type:"cursor",cursor:e.cursor}),
e.live&&!a&&(a=!0,o.receive({type:"live",cursor:e.cursor})),e.reason?((t=Pe(e.reason,e.cursor,e.text)).reconnect=!e.stop
,o.receive(t)):o.isOnce&&!r.length?o.end():o.isLive()&&n&&!r.length?(o.limit(5e3),i=setTimeout(function(){s(25)},5e3)
):o.isLive()&&s(o.isOnce?0:25)):o.end(Fe(e))}(Le(e.responseText),n&&Ee()-t<1e3)},o.token)}(0)},we.ndjson=function(r){
var o=0,e=Ne("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop(
).length,r.signs=n.length,g(t,function(e){r.receive(Le(e))}),4===e.readyState?r.end(Fe(Le(n))):1e6<o&&r.receive({
type:"close",reason:"recycle",reconnect:!0})},r.token);r.stop=function(){e.abort()}},we.sse=function(n){
var t=new ye.EventSource(n.url(""));g("message ff-open ff-cursor ff-live ff-gap ff-expiring ff-close".split(" "),
function(e){t.addEventListener(e,function(e){n.receive(Le(e.data))})}),t.addEventListener("ff-error",function(e){n.end(
Le(e.data))}),t.onerror=function(){n.end()},n.isMute=!0,n.stop=function(){t.close()}},i="foreverframe.path ",c={},
Ke=/^(client|admin|expired|replaced)$/,Me=4e4,d=10,p=12,m=Be=5e3,T=4,y=50,ke=be=!(we.ws=function(n){
var e=new ye.WebSocket(n.url("").replace(/^http/,"ws"));e.onmessage=function(e){n.receive(Le(e.data))},
e.onclose=function(){n.end()},n.stop=function(){e.close()}}),Se=[],v={open:function(i){var e=function(e){
var n=Te.createElement("div"),t=Te.createElement("a");return t.href=e,ye.addEventListener||(
n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t}(String(i.url||""
).replace(/[^\/]$/,"$&/")+"stream"),c=e.href,a=Ue(e),F=(function(e,n){if(!Xe(e)&&!we.hasOwnProperty(e.transport)
)throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(i,e),
/^FF_(TOKEN_EXPIRED|TOKEN_INVALID|TICKET_INVALID)$/),R=2e3,s=null,u=!1;function H(n){var t=!1;i.token(function(e){t||(
s=e,u=!(t=!0),Oe(0,n))})}function _(){var e=i.token&&u;return e&&(s=null),e}var o,B,K=3e4,W=5,l=Ce(i.retryMs,5e3),f=0,
d=!1;function X(e,n){p(),B=Oe(e,n)}function p(){clearTimeout(B)}function m(){p(),h?Re(a,g)?S("poll","remembered"):be?S(
"frame"):S("poll","loading"):S(i.transport)}function v(e,n,t){var r=e;t&&(d=!(Math.abs(Ee()-o)<K),o=d?Ee():o),
0<e&&l!==Infinity||(r=d?l/W:l,r*=Math.pow(2,Math.max(0,d?f-1:f)),r=Math.min(r,Math.max(l,K)),r*=d?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),f++,X(r,m),x("lost",{retryMs:r,reason:n})}var h=Xe(i),j=16,g=Ce(i.frameAgainMs,
6e5),y=g/j,T=0;function D(){return h&&w&&"poll"===w.transport&&!w.isOnce}function q(){T=0,y=g/j}function V(){X(Re(a,g),
function(){y=Math.min(2*y,g),G()})}function G(){be&&S("frame","again")}var w=null,M=null,b=null,J=3,z=Math.min(Ce(
i.silentMs,Me)/4,3e4),k=15e3;function S(o,e,n){var r={transport:o,origin:a,isOnce:n,earlier:"poll"===o&&!n&&b&&b.polled,
isEarly:!be,signs:0,asksForKept:null!==U.cursor||!!(i.after||i.last||i.each||i.since),url:function(e){
var n=r.ticket?"&ticket="+r.ticket:"",t=le||/&stream=/.test(e)?U.cursor:null;return c+function(e,n){
var t="?transport="+o;function r(e,n){n&&(t+="&"+e+"="+encodeURIComponent(String(n)))}return r("channels",e.channels),r(
"after",null===n?e.after:n),null!==n||e.after||(r("last",e.last),r("each",e.each),r("since",function(e){
return e&&e.getTime?e.getTime():e}(e.since))),r("latest",e.latest&&1),r("client",e.client),t}(i,t)+n+e},isLive:function(
){return r===w||r===M},receive:function(e){r.signs++,e&&r.isLive()?function(e,n){"open"===n.type?function(e,n){
var t=e!==w&&w&&!w.isOnce;e.closeUrl=Y(n),e.polled="poll"===e.transport?n.stream:null,"closing"===U.state?xe((b=e
).closeUrl,"",s):(e!==w&&(Z(w),M=null),w=e,k=Ce(n.heartbeatMs,k),b=e.isOnce?null:e,U.stream=e.isOnce?null:n.stream,
U.transport=e.isOnce?"shared":e.transport,function(e){return null!==e&&null!==U.cursor&&$e(e)!==$e(U.cursor)}(n.cursor
)||C(n.cursor),clearTimeout(e.timer),je(e,k,Ce(i.silentMs,J*k),{good:q,missed:re,silent:function(){T++,O(e,null,"silent"
)}}),p(),f=0,u=!(d=!1),function(e){t&&(T=1),D()&&(e.isEarly||Re(a,g)||He(a,y),V()),"frame"===e.transport&&He(a,0)}(e),
e.isOnce?x("open",{transport:"shared"}):(x("open",n),N("onopen",n)))}(e,n):"error"===n.type?O(e,n
):"expiring"===n.type?function r(n,t){function e(){Ne("POST",n.closeUrl.replace(/close$/,"token"),"",function(e){
4!==e.readyState||(Le(e.responseText)||{}).stream||R<t&&Oe(t/2,function(){n===w&&r(n,t/2)})},s)}i.token?H(e):e()}(e,
n.inMs):e===w&&pe(n)}(r,e):e&&"open"===e.type&&xe(Y(e),"",s)},end:function(e){r.isLive()&&O(r,e,r===w?"cut":"failed")},
limit:function(e){clearTimeout(r.timer),r.timer=setTimeout(function(){O(r,null,"silent")},e+z)}};E(M),(M=r).limit(0);
try{!function(t,r){!function(e){i.token&&!s?H(e):e()}(function(){var e=t.transport;s&&"poll"!==e&&"ndjson"!==e?Ne("POST"
,c.replace(/stream$/,"tickets"),'{"channels":"'+String(i.channels).replace(/[\\"]/g,"\\$&")+'"}',function(e){var n;
4===e.readyState&&((n=Le(e.responseText))&&n.ticket?(t.ticket=n.ticket,r()):t.end(Fe(n)))},s):(t.token=s,r())})}(r,
function(){r.isLive()&&Q(o,r)})}catch(t){setTimeout(function(){throw r.end(),t},0)}w||x("connecting",{transport:o,
reason:e||null})}function Q(e,n){try{we[e](n)}catch(t){setTimeout(function(){n.end(h?null:{type:"error",
code:"FF_TRANSPORT_UNSUPPORTED",status:0,detail:'This browser cannot use "'+e+'" ('+t.message+'): take "auto" instead',
reconnect:!1})},0)}}function Y(e){return c.replace(/stream$/,"")+e.close}function E(e){e&&(clearTimeout(e.timer),
e===M&&(M=null),e===w&&(w=null,U.stream=null),e.stop&&(e.stop(P),e.stop=null),e.isOnce)&&e.closeUrl&&xe(e.closeUrl,"",s)
}function Z(e){e&&e===w&&ee(xe),E(e)}function ee(e){b&&(e(b.closeUrl,"",s),b=null)}function O(n,e,t,r){var o=n===w;(
"silent"===t?Z:E)(n),n.isOnce&&e&&!e.reconnect?me(e):n.isOnce?ue(o):"closing"===U.state?A("client"):w?(He(a,y),V()
):e?me(e):function(e){return h&&"frame"===n.transport&&(!e||n.isHeld||1<T)?(T=0,S("poll",t),1):void(e||He(a,0))}(o)||v(
r||0,t,o)}function ne(e){var n=w;b=null,"closing"===U.state?A(e.reconnect?"client":e.reason
):"expired"===e.reason&&"poll"===n.transport&&_()?(E(n),v(1,e.reason)):e.reconnect?n.isOnce?(E(n),ue(!1)
):"recycle"===e.reason?(w=null,U.stream=null,S(n.transport,"recycle"),E(n)):(E(n),v(e.retryMs,e.reason)):(I(e,U.cursor),
$("closed",e,"onclose"))}var te=1e3;function re(){var t,r=w;function o(){return r===w&&"open"===U.state}
r&&!r.isOnce&&!r.isAsking&&o()&&(t=_e(r),r.isAsking=!0,function(e,n,t){var r,o,i=!1;function c(e){i||(i=!0,clearTimeout(
o),t(e))}o=Oe(Be,function(){c({state:"away"}),r.abort()});try{r=Ne("GET",e+"?at="+Ee(),null,function(e){
4===e.readyState&&c(function(e){var n;try{return(n=Le(e.responseText)||{}).state?n:n.code?{
state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){return{state:"away"}}
}(e))},n)}catch(a){clearTimeout(o),Oe(0,function(){c({state:""})})}}(r.closeUrl.replace(/\/close$/,""),s,function(e){
var n="closed"===e.state&&Ke.test(e.receipt.reason);r.isAsking=!1,o()&&("unknown"===e.state||"closed"===e.state&&!n?O(r,
null,"cut",1):"away"===e.state&&_e(r)===t?O(r,null,"cut"):"away"===e.state?Oe(te,re):e.state&&Oe(te,function(){o()&&(
n?ne(Pe(e.receipt.reason,e.cursor,e.receipt.text)):_e(r)!==t||Ae(e.cursor,U.cursor)||(r.isHeld=!0,O(r,null,"silent")))})
)}))}var t,oe=5,r=null,n=!1,L=0;function ie(){r&&(r.leave(),r=null)}function I(e,n){"epoch"===e.reason&&(
t=e.after+e.upTo),r&&r.tell(e,n)}function ce(){n=!1,E(M),E(w),m()}function ae(){n=!0,p(),E(M),Z(w),U.transport="shared"}
function se(e){var n=e.event;n&&"close"===n.type?$("closed",n,"onclose"):(n&&Ae(e.before,U.cursor)&&pe(n),
"beat"===e.kind&&0<L&&L--,de()||M||w||0<L||("open"!==e.state||Ae(e.cursor,U.cursor
)&&e.restart===t?e.state!==U.state&&/^(connecting|open|lost)$/.test(e.state)&&x(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,S("poll","shared",!0))))}function ue(e){L=e?0:oe}
var le=!i.each||!!i.after,fe={},U={state:"connecting",cursor:null,stream:null,transport:null,close:function(){de(
)||"closing"===U.state||(!w||w.isOnce?(ee(xe),A("client")):(ie(),E(M),xe(w.closeUrl,"",s),X(2e3,function(){A("client")})
,x("closing",{})))},ack:function(){w&&b&&null!==U.cursor&&xe(b.closeUrl.replace(/close$/,"ack"),
'{"cursor":"'+U.cursor+'"}',s)}};function N(e,n,t){if(i[e])try{i[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}
function x(e,n){N("onstate",U.state=e,fe=n)}function de(){return"closed"===U.state||"refused"===U.state}function C(e){
return null!==e&&!Ae(e,U.cursor)&&(U.cursor=e,1)}function pe(e){var n=U.cursor;"message"===e.type?C(e.id)&&(I(e,n),N(
"onmessage",e)):"cursor"===e.type?C(e.cursor)&&I(e,n):"live"===e.type?(le=!0,C(e.cursor),I(e,n),N("onlive",e)
):"gap"===e.type?("epoch"===e.reason&&(U.cursor=e.upTo),I(e,n),N("ongap",e)):"close"===e.type&&ne(e)}function me(e){
F.test(e.code)&&_()?v(1,e.code):e.reconnect?(v(0,e.code),N("onerror",e)):$("refused",e,"onerror")}function $(e,n,t){ge()
,function(e){for(var n=0;n<Se.length;n++)if(Se[n]===e)return Se.splice(n,1)}(ve),x(e,n),N(t,n)}function A(e){$("closed",
Pe(e,U.cursor),"onclose")}var P=!1,ve={begin:he,hide:function(){ee(We),P=!0,ge()},show:function(){P&&(P=!1,
"closing"===U.state?A("client"):ke&&he())},loaded:function(){!D()||M||Re(a,g)||G()},wake:function(){(
"lost"!==U.state||n||P?re:m)()}};function he(){de()||P||r||M||w||(i.share&&(r=function(e,i){var n,c=String(Math.random()
),t=!1,r=0,a=0,o=Ee()-2e3,s=!0,u=function(n,t){var r,o;function i(e){e.key===n&&e.newValue&&t(Le(e.newValue))}try{if(
ye.BroadcastChannel)return(r=new ye.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){
r.postMessage(e)},close:function(){r.close()}};if((o=ye.localStorage).setItem(n,""),ye.addEventListener
)return ye.addEventListener("storage",i,!1),{say:function(e){o.setItem(n,ye.JSON.stringify(e))},close:function(){
ye.removeEventListener("storage",i,!1);try{o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){
u&&e&&e.from!==c&&("hello"===e.kind?t&&l("beat"):"bye"===e.kind?f():t&&!(e.visible===Ie()?e.from<c:e.visible)?l("beat"
):(t&&(t=!1,i.release()),o=Ee(),s=!1,Ie()&&!e.visible&&f(),i.follow(e)))});function l(e,n,t){var r={n:++a,from:c,kind:e,
visible:Ie(),event:n,before:t};i.describe(r);try{u.say(r)}catch(o){}}function f(){o=Ee()-2e3,s=!0}return u?(
n=setInterval(function(){var e=Ee()-o;r++,t?r%4!=0&&Ie()||l("beat"):e<0?o=Ee():s&&e>(Ie()?2e3:2400)?(t=!0,l("beat"),
i.hold()):1200<e&&(s=!0,l("hello"))},250),l("hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){
clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(["foreverframe",c,i.channels,i.client,!!i.latest].join("\n"),{
describe:function(e){e.state=U.state,e.reason=fe.reason,e.retryMs=fe.retryMs,e.cursor=U.cursor,e.restart=t},hold:ce,
release:ae,follow:se})),n=!!r,r)||m()}function ge(){p(),E(M),E(w),ie()}return function(e){Se[Se.length]=e,
ke&&setTimeout(e.begin,0)}(ve),U}},"complete"===Te.readyState?be=ke=!0:(h(ye,"load",function(){setTimeout(function(){
be=!0,r(),n("loaded")},50)}),setTimeout(function O(){Te.body?r():setTimeout(O,250)},1e4)),h(ye,
"onpagehide"in ye?"pagehide":"unload",function(){n("hide"),k()}),h(ye,"pageshow",function(e){e.persisted&&n("show")}),h(
ye,"online",o),h(Te,"resume",o),h(Te,"visibilitychange",function(){Ie()?Ee()-e>m&&o():e=Ee()}),ye.foreverframe=v)}(
window);
